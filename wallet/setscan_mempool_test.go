package wallet

import (
	"errors"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// dealing is two wallets of a set, each with an account, of which one pays the other.
type dealing struct {
	*world
	t            *testing.T
	set          *Set
	payer, payee *Wallet
}

// agree takes the set to the tip and wants both wallets to have what a naive replay of
// the chain, and of what is unmined on top of it, gives. It wants so many transactions
// to be unmined in both, and these totals.
func (d *dealing) agree(when string, unmined int, payer, payee dcrutil.Amount) {
	d.t.Helper()
	d.syncSet(d.set, 3)
	for name, x := range map[string]*Wallet{"payer": d.payer, "payee": d.payee} {
		checkBalances(d.t, d.world, x)
		d.checkTotals(d.t, x)
		if n := len(unminedOf(d.t, x)); n != unmined {
			d.t.Errorf("%s: %d unmined transactions of the %s, want %d", when, n, name, unmined)
		}
		b, err := x.Balances(d.t.Context(), 1)
		if want := map[string]dcrutil.Amount{"payer": payer, "payee": payee}[name]; err != nil || b.Sum.Total != want {
			d.t.Errorf("%s: the %s has %v, want %v (%v)", when, name, b.Sum.Total, want, err)
		}
	}
}

// published wants the set to want these transactions published, in this order.
func (d *dealing) published(when string, want ...*wire.MsgTx) {
	d.t.Helper()
	txs, err := d.set.Published(d.t.Context())
	hash := func(tx *wire.MsgTx) chainhash.Hash { return tx.TxHash() }
	same := slices.EqualFunc(txs, want, func(a, b *wire.MsgTx) bool { return hash(a) == hash(b) })
	if err != nil || !same {
		d.t.Errorf("%s: %d are to be published (%v), want %d", when, len(txs), err, len(want))
	}
}

// minedAt wants the set to know the block of a transaction, or of none for zero.
func (d *dealing) minedAt(when string, tx *wire.MsgTx, want consensus.Height) {
	d.t.Helper()
	if h, ok, err := d.set.MinedAt(d.t.Context(), tx.TxHash()); err != nil || h != want || ok != (want != 0) {
		d.t.Errorf("%s: mined at %d, %v (%v), want %d", when, h, ok, err, want)
	}
}

// TestOneWalletPaysAnother: two wallets of a set see the same payment, and what is
// paid on from it, when it is published, heard, mined, taken back, mined elsewhere and
// double spent.
func TestOneWalletPaysAnother(t *testing.T) {
	d := &dealing{world: newWorld(t, 1), t: t, set: openSet(t)}
	d.payee, d.payer = makeTest(t, d.set, "a-payee"), makeTest(t, d.set, "b-payer")
	importTest(t, d.payer, "a", 1, AccountOptions{})
	importTest(t, d.payee, "b", 2, AccountOptions{})
	own, theirs, change := derived(t, 1, hd.External, 2), derived(t, 2, hd.External, 1)[0], derived(t, 1, hd.Internal, 1)[0]
	block := func(txs ...*wire.MsgTx) {
		t.Helper()
		d.mine(nil, append([]*wire.MsgTx{d.coinbase(d.stranger(), 1)}, txs...), true)
	}
	publish := func(tx *wire.MsgTx, want error) {
		t.Helper()
		if own, err := d.set.Publish(t.Context(), tx); !errors.Is(err, want) || own != (want == nil) {
			t.Fatalf("published: %v, %v, want %v", own, err, want)
		}
	}
	income := d.pay(own[0], 1000)
	block(income)
	d.agree("before", 0, 1000, 0)

	coin := []wire.OutPoint{{Hash: income.TxHash()}}
	first := signed(t, spend(coin, wire.NewTxOut(600, theirs), wire.NewTxOut(390, change)))
	publish(first, nil)
	d.agree("published", 1, 390, 600)
	for range 2 { // peers send it back
		if _, _, err := d.set.Heard(t.Context(), first, "", false); err != nil {
			t.Fatal(err)
		}
	}
	publish(first, nil)
	d.agree("heard", 1, 390, 600)
	d.published("heard", first)
	d.minedAt("heard", first, 0)

	back := signedBy(t, 2, spend([]wire.OutPoint{{Hash: first.TxHash()}}, wire.NewTxOut(500, own[1]), wire.NewTxOut(90, theirs)))
	publish(back, nil)
	d.agree("paid back", 2, 890, 90)
	d.published("paid back", first, back)

	block(first)
	d.agree("the first is mined", 1, 890, 90)
	d.minedAt("the first is mined", first, d.tip().Height)
	d.published("the first is mined", back)
	publish(first, ErrMined)
	block(back)
	d.agree("both are mined", 0, 890, 90)
	d.published("both are mined")

	d.cut(2)
	block()
	block()
	block()
	d.agree("reorganised", 2, 890, 90)
	d.published("reorganised", first, back)
	d.minedAt("reorganised", first, 0)
	block(first, back)
	d.agree("both are mined in one block", 0, 890, 90)
	d.minedAt("both are mined in one block", back, d.tip().Height)

	d.cut(1)
	block(signed(t, spend(coin, wire.NewTxOut(700, d.stranger()), wire.NewTxOut(290, change))))
	block()
	d.agree("double spent", 0, 290, 0)
	d.published("double spent")
	publish(first, ErrDoubleSpend) // the payee, who is asked first, would take it
	d.agree("published once more", 0, 290, 0)
}
