package wallet

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// TestStepFromBeforeASearch: while the blocks of a step are fetched, the wallet comes to watch
// more. The chain has left the tip's branch down to where the search for that begins, so that the
// step goes on from there: its blocks were not matched against the new scripts, and are not
// searched for these by it.
func TestStepFromBeforeASearch(t *testing.T) {
	for name, more := range map[string]func(t *testing.T, x *Wallet){
		"a longer window": func(t *testing.T, x *Wallet) {
			if err := x.SetGapLimit(t.Context(), 2, "a"); err != nil {
				t.Fatal(err)
			}
		},
		"an import": func(t *testing.T, x *Wallet) { importScript(t, x, derived(t, 1, hd.External, 3)[2], 0) },
	} {
		t.Run(name, func(t *testing.T) {
			w, x := newWorld(t, 1), openTest(t, Birthday{})
			importTest(t, x, "a", 1, AccountOptions{Gap: 1})
			block := func(txs ...*wire.MsgTx) {
				w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.theirs, 1)}, txs...), true)
			}
			block()
			block()
			w.sync(x, 10)
			w.cut(2)
			block()
			block(w.pay(derived(t, 1, hd.External, 3)[2], 7))
			block()
			u := w.since(x.steps.Locator(), 10)
			scripts, revision := x.steps.Scripts()
			w.fill(&u, scripts)
			more(t, x)
			w.takeFilled(x, u, revision)
			w.sync(x, 10)
			b, err := x.Balances(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if b.Sum.Total != 7 {
				t.Errorf("total %d, want 7", b.Sum.Total)
			}
		})
	}
}

// TestCanceledRescanFindsASpender: a rescan has found a payment below a block whose transaction,
// known to the wallet because it pays it, spends the payment. Before the rescan comes to that
// block the user publishes another transaction that spends the payment. When the rescan is
// canceled and the payment stays, the spender counts at once, and the other transaction goes.
func TestCanceledRescanFindsASpender(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.theirs, 1)}, txs...), true)
	}
	ours, late := derived(t, 1, hd.External, 1)[0], derived(t, 2, hd.External, 1)[0]
	paid := w.pay(late, 1000)
	op := wire.OutPoint{Hash: paid.TxHash()}
	for range 2 {
		block()
	}
	block(paid)
	block()
	block(spend([]wire.OutPoint{op}, wire.NewTxOut(900, ours)))
	for range 20 {
		block()
	}
	importScript(t, x, ours, 1)
	importScript(t, x, late, 20)
	w.sync(x, 100)
	var ids []uint32
	for _, from := range []consensus.Height{2, 1} {
		id, err := x.StartRescan(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	w.step(x, 4)
	rival := spend([]wire.OutPoint{op}, wire.NewTxOut(800, w.stranger()))
	w.sign(rival)
	if _, err := x.publish(t.Context(), rival, 0); err != nil {
		t.Fatal(err)
	}
	if err := x.CancelJob(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
	w.sync(x, 4)
	b, err := x.Balances(t.Context(), 0)
	if err = errors.Join(err, x.Check(t.Context())); err != nil || b.Sum.Total != 900 {
		t.Errorf("total %d, want 900 (%v)", b.Sum.Total, err)
	}
	if got := unminedOf(t, x); len(got) > 0 {
		t.Errorf("unmined %v", got)
	}
}

// TestUnsignedInADisapprovedBlock: a block holds a transaction that spends without a signature what
// is found only after the block was disapproved of. The block is invalid all the same, and the
// transaction is not offered to peers as one that may be mined again.
func TestUnsignedInADisapprovedBlock(t *testing.T) {
	for name, within := range map[string]bool{"of a block below": false, "of the same block": true} {
		t.Run(name, func(t *testing.T) {
			w, x := newWorld(t, 1), openTest(t, Birthday{})
			importScript(t, x, w.stranger(), 1) // so that it follows the chain
			pay := derived(t, 1, hd.External, 1)[0]
			coin := w.pay(pay, 1000)
			bad := spend([]wire.OutPoint{{Hash: coin.TxHash()}}, wire.NewTxOut(900, w.stranger()))
			below, regular := []*wire.MsgTx{w.coinbase(w.theirs, 1), coin}, []*wire.MsgTx{w.coinbase(w.theirs, 1), bad}
			if within {
				below, regular = below[:1], []*wire.MsgTx{regular[0], coin, bad}
			}
			w.mine(nil, below, true)
			w.unsigned = true
			b := w.mine(nil, regular, true)
			w.unsigned = false
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, false)
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
			w.sync(x, 10)
			importScript(t, x, pay, 1)
			var found *consensus.InvalidBlock
			w.invalid = func(invalid *consensus.InvalidBlock) {
				found = invalid
				w.cut(len(w.main) - int(invalid.Block.Height))
				w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
			}
			w.sync(x, 10)
			if found == nil || found.Block != b.BlockID || found.Tx != bad.TxHash() {
				t.Errorf("invalid: %v", found)
			}
			if list, err := x.published(t.Context()); err != nil || len(list) > 0 {
				t.Errorf("%d are offered (%v)", len(list), err)
			}
		})
	}
}

// TestRewardsBelowALeftBlock: a block that is left holds a transaction again, whose first place a
// rescan finds before the wallet hears that the block is left. All below that block stays: what is
// published and spends a block reward there is still offered.
func TestRewardsBelowALeftBlock(t *testing.T) {
	for _, size := range []int{1, 4, 100} {
		w, x := newWorld(t, 1), openTest(t, Birthday{})
		block := func(reward []byte, txs ...*wire.MsgTx) {
			w.mine(nil, append([]*wire.MsgTx{w.coinbase(reward, 1000)}, txs...), true)
		}
		ours, late := derived(t, 1, hd.External, 1)[0], derived(t, 2, hd.External, 1)[0]
		twice := w.pay(late, 7)
		block(w.theirs, twice)
		block(ours)
		op := wire.OutPoint{Hash: w.tip().Msg.Transactions[0].TxHash(), Index: 1}
		for range 20 {
			block(w.theirs)
		}
		importScript(t, x, ours, 1)
		importScript(t, x, late, 20)
		block(w.theirs, twice)
		w.sync(x, 100)
		payment := spend([]wire.OutPoint{op}, wire.NewTxOut(900, w.stranger()))
		w.sign(payment)
		if _, err := x.publish(t.Context(), payment, 0); err != nil {
			t.Fatal(err)
		}
		w.cut(1)
		block(w.theirs)
		if err := x.Rescan(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		w.sync(x, size)
		if !unminedOf(t, x)[payment.TxHash()] {
			t.Errorf("steps of %d: what was published is forgotten", size)
		}
		b, err := x.Balances(t.Context(), 1)
		if err = errors.Join(err, x.Check(t.Context())); err != nil || b.Sum.Total != 7 {
			t.Errorf("steps of %d: total %d, want 7 (%v)", size, b.Sum.Total, err)
		}
	}
}

// TestCanceledRescanOfACoveredAddress: an address behind the window is paid, handed out, and paid
// again while a rescan goes on, so that the window covers it: it is as old as its account from
// then on. The search for its older payments goes on when the rescan is canceled.
func TestCanceledRescanOfACoveredAddress(t *testing.T) {
	for _, size := range []int{2, 3, 6, 12} {
		for steps := 1; steps <= 3; steps++ {
			w, x := newWorld(t, 1), openTest(t, Birthday{})
			block := func(txs ...*wire.MsgTx) {
				w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.theirs, 1)}, txs...), true)
			}
			pay := derived(t, 1, hd.External, 6)
			block()
			block(w.pay(pay[5], 7))
			for range 7 {
				block()
			}
			importTest(t, x, "a", 1, AccountOptions{Gap: 1})
			w.sync(x, 100)
			for range 6 {
				if _, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore); err != nil {
					t.Fatal(err)
				}
			}
			id, err := x.StartRescan(t.Context(), 5)
			if err != nil {
				t.Fatal(err)
			}
			block(w.pay(pay[5], 100))
			for range steps {
				w.step(x, size)
			}
			if err := x.CancelJob(t.Context(), id); err != nil && !errors.Is(err, ErrJobOver) {
				t.Fatal(err)
			}
			w.sync(x, 100)
			b, err := x.Balances(t.Context(), 1)
			if err = errors.Join(err, x.Check(t.Context())); err != nil || b.Sum.Total != 107 {
				t.Errorf("%d steps of %d: total %d, want 107 (%v)", steps, size, b.Sum.Total, err)
			}
		}
	}
}
