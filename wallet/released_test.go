package wallet

import (
	"maps"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// TestReleaseAfterAReorganisationInOneUpdate: one update takes back a vote, applies
// another branch that holds the vote again, and on it a payment of what the vote returned,
// in a block that the next one disapproves. The payment is unmined: that the vote had no
// block for a moment says nothing about it.
func TestReleaseAfterAReorganisationInOneUpdate(t *testing.T) {
	w, x, ops := funded(t, 1)
	own := derived(t, 1, hd.External, 2)[1]
	block := func(approve bool, stakes []*wire.MsgTx, txs ...*wire.MsgTx) {
		w.mine(stakes, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), approve)
	}
	ticket := w.ticket([]coin{{op: ops[0], amount: 1000}}, own, [][]byte{own}, [][]byte{own})
	block(true, []*wire.MsgTx{ticket})
	vote := w.vote(ticket, w.tip().BlockID)
	block(true, []*wire.MsgTx{vote})
	w.sync(x, 10)
	w.cut(1)
	block(true, []*wire.MsgTx{vote})
	payment := spend([]wire.OutPoint{{Hash: vote.TxHash(), Index: 2, Tree: wire.TxTreeStake}}, wire.NewTxOut(700, own))
	block(true, nil, payment)
	block(false, nil)
	w.sync(x, 10)
	if got := unminedHashes(t, x); !slices.Equal(got, []chainhash.Hash{payment.TxHash()}) {
		t.Errorf("unmined %v, want %v", got, payment.TxHash())
	}
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestVoidPaymentComesBack: a payment of a disapproved block gives way to one that spends
// the same, whose block leaves the chain, and which is double spent by another of its
// inputs. The payment, and what spends it, are unmined again, whether the wallet has
// known them all the time or finds them while the other one is unmined.
func TestVoidPaymentComesBack(t *testing.T) {
	for _, late := range []bool{false, true} {
		w, x, ops := funded(t, 2)
		own := derived(t, 1, hd.External, 3)
		if late { // only what the first address gets is looked for
			x = openTest(t, Birthday{})
			if err := x.ImportScript(t.Context(), own[0], nil); err != nil {
				t.Fatal(err)
			}
			w.sync(x, 10)
		}
		block := func(approve bool, txs ...*wire.MsgTx) {
			w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), approve)
		}
		foreign := w.pay(w.stranger(), 500)
		block(true, foreign)
		coin := wire.OutPoint{Hash: foreign.TxHash()}
		payment := spend([]wire.OutPoint{coin}, wire.NewTxOut(490, own[1]))
		child := spend([]wire.OutPoint{{Hash: payment.TxHash()}}, wire.NewTxOut(480, own[2]))
		block(true, payment, child)
		block(false)
		other := spend([]wire.OutPoint{coin, ops[0]}, wire.NewTxOut(1400, own[0]))
		block(true, other)
		w.sync(x, 10)
		w.cut(1)
		block(true)
		block(true)
		w.sync(x, 10)
		if got := unminedHashes(t, x); !slices.Equal(got, []chainhash.Hash{other.TxHash()}) {
			t.Fatalf("late %v: unmined %v, want %v", late, got, other.TxHash())
		}
		if late {
			for _, pay := range own[1:] {
				if err := x.ImportScript(t.Context(), pay, nil); err != nil {
					t.Fatal(err)
				}
			}
			w.sync(x, 10)
		}
		block(true, spend(ops[:1], wire.NewTxOut(900, w.stranger())))
		w.sync(x, 10)
		want := []chainhash.Hash{payment.TxHash(), child.TxHash()}
		if got := unminedHashes(t, x); !slices.Equal(got, want) {
			t.Errorf("late %v: unmined %v, want %v", late, got, want)
		}
		if err := x.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestVoidChildComesBackWithItsParent: a disapproved block holds a payment and what spends
// it. Both give way to another transaction, whose block is disapproved too, and the payment
// is mined again, in a block that may be disapproved. What spends it is unmined again,
// whatever the steps are.
func TestVoidChildComesBackWithItsParent(t *testing.T) {
	for _, tc := range []struct{ concerns, again bool }{{}, {concerns: true}, {again: true}, {true, true}} {
		for _, limit := range []int{1, 100} {
			w, x, _ := funded(t, 1)
			own := derived(t, 1, hd.External, 3)
			block := func(approve bool, txs ...*wire.MsgTx) {
				w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), approve)
			}
			foreign := w.pay(w.stranger(), 500)
			block(true, foreign)
			coin := []wire.OutPoint{{Hash: foreign.TxHash()}}
			payment := spend(coin, wire.NewTxOut(400, own[1]))
			child := spend([]wire.OutPoint{{Hash: payment.TxHash()}}, wire.NewTxOut(300, own[2]))
			rival := spend(coin, wire.NewTxOut(450, w.stranger()))
			if tc.concerns {
				rival.TxOut[0].PkScript = own[0]
			}
			block(true, payment, child)
			block(false)
			bonus := w.pay(own[0], 1) // the wallet fetches the block, whatever the rival pays
			block(true, rival, bonus)
			block(false)
			block(true, payment)
			want := map[chainhash.Hash]bool{child.TxHash(): true, bonus.TxHash(): true}
			if tc.again {
				block(false)
				want[payment.TxHash()] = true
			}
			w.sync(x, limit)
			if got := unminedOf(t, x); !maps.Equal(got, want) {
				t.Errorf("%+v, %d blocks at a time: unmined %v, want %v", tc, limit, got, want)
			}
			if err := x.Check(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}
