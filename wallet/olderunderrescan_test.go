package wallet

import (
	"errors"
	"maps"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// TestOlderDuringACanceledRescan: while a rescan from the first block goes on, something
// becomes older than it was before the rescan. When the rescan is canceled, the blocks from
// the new birthday on still have to be searched.
func TestOlderDuringACanceledRescan(t *testing.T) {
	for name, tc := range map[string]struct {
		pays func(t *testing.T) []byte // the script that is paid in block 5
		own  func(t *testing.T, x *Wallet)
		more func(t *testing.T, x *Wallet) // what makes it older
	}{
		"an account is imported with an earlier birthday": {
			pays: func(t *testing.T) []byte { return derived(t, 1, hd.External, 1)[0] },
			own: func(t *testing.T, x *Wallet) {
				importTest(t, x, "a", 1, AccountOptions{Gap: 2, Birthday: &Birthday{Height: 20}})
			},
			more: func(t *testing.T, x *Wallet) {
				importTest(t, x, "a", 1, AccountOptions{Gap: 2, Birthday: &Birthday{Height: 3}})
			},
		},
		"a script is imported with an earlier birthday": {
			pays: func(*testing.T) []byte { return anyone() },
			own: func(t *testing.T, x *Wallet) {
				importScript(t, x, anyone(), 20)
			},
			more: func(t *testing.T, x *Wallet) {
				importScript(t, x, anyone(), 3)
			},
		},
		"an account comes to derive an older script": {
			pays: func(t *testing.T) []byte { return derived(t, 1, hd.External, 1)[0] },
			own: func(t *testing.T, x *Wallet) {
				importTest(t, x, "a", 1, AccountOptions{Gap: 2, Birthday: &Birthday{Height: 20}})
				importScript(t, x, derived(t, 1, hd.External, 8)[7], 3)
			},
			more: func(t *testing.T, x *Wallet) {
				if err := x.SetGapLimit(t.Context(), 6, "a"); err != nil {
					t.Fatal(err)
				}
			},
		},
		"an older account comes to derive a script": {
			pays: func(t *testing.T) []byte { return derived(t, 1, hd.External, 8)[7] },
			own: func(t *testing.T, x *Wallet) {
				importTest(t, x, "a", 1, AccountOptions{Gap: 2, Birthday: &Birthday{Height: 3}})
				importScript(t, x, derived(t, 1, hd.External, 8)[7], 20)
			},
			more: func(t *testing.T, x *Wallet) {
				if err := x.SetGapLimit(t.Context(), 6, "a"); err != nil {
					t.Fatal(err)
				}
			},
		},
		"a window comes to cover an issued address": {
			pays: func(t *testing.T) []byte { return derived(t, 1, hd.External, 6)[5] },
			own: func(t *testing.T, x *Wallet) {
				importTest(t, x, "a", 1, AccountOptions{Gap: 2, Birthday: &Birthday{Height: 3}})
				for range 6 {
					if _, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore); err != nil {
						t.Fatal(err)
					}
				}
			},
			more: func(t *testing.T, x *Wallet) {
				if err := x.SetGapLimit(t.Context(), 6, "a"); err != nil {
					t.Fatal(err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, x := newWorld(t, 1), openTest(t, Birthday{})
			for h := 1; h <= 30; h++ {
				regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
				if h == 5 {
					regular = append(regular, w.pay(tc.pays(t), 100))
				}
				w.mine(nil, regular, true)
			}
			importScript(t, x, w.theirs, 0) // without anything to watch there is no tip
			w.sync(x, 100)
			tc.own(t, x)
			w.sync(x, 100)
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
			w.sync(x, 100)
			id, err := x.StartRescan(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			tc.more(t, x)
			if err := x.CancelJob(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			w.sync(x, 7)
			b, err := x.Balances(t.Context(), 1)
			if err != nil || b.Sum.Spendable != 100 {
				t.Errorf("%d spendable, want 100 (%v)", b.Sum.Spendable, err)
			}
		})
	}
}

// importScript imports a script whose payments count from a height on.
func importScript(t *testing.T, x *Wallet, pay []byte, from consensus.Height) {
	t.Helper()
	if err := x.ImportScript(t.Context(), pay, &Birthday{Height: from}); err != nil {
		t.Fatal(err)
	}
}

// TestCancelKeepsASearchForIssuedAddresses: addresses were handed out behind the window,
// which a higher gap limit makes cover them, so that old blocks are searched for them. A
// rescan that is begun before or after that and canceled does not end it.
func TestCancelKeepsASearchForIssuedAddresses(t *testing.T) {
	for _, before := range []bool{false, true} {
		cancelWithIssued(t, before)
	}
}

func cancelWithIssued(t *testing.T, before bool) {
	t.Helper()
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	for h := 1; h <= 30; h++ {
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
		if h == 5 {
			regular = append(regular, w.pay(derived(t, 1, hd.External, 6)[5], 100))
		}
		w.mine(nil, regular, true)
	}
	importTest(t, x, "a", 1, AccountOptions{Gap: 2})
	w.sync(x, 100)
	for range 6 {
		if _, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore); err != nil {
			t.Fatal(err)
		}
	}
	var id uint32
	for _, rescans := range []bool{before, !before} {
		var err error
		if rescans {
			id, err = x.StartRescan(t.Context(), 9)
		} else {
			err = x.SetGapLimit(t.Context(), 6, "a")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := x.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 7)
	b, err := x.Balances(t.Context(), 1)
	if err != nil || b.Sum.Spendable != 100 {
		t.Errorf("%d spendable, want 100 (%v)", b.Sum.Spendable, err)
	}
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPublishedStaysAfterACanceledRescan: a payment of an output that only a rescan has found
// is offered to peers also when the rescan is canceled, with what it spends; what was relayed and
// concerns the wallet only by that output is forgotten.
func TestPublishedStaysAfterACanceledRescan(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
	}
	first, second, third := w.pay(anyone(), 500), w.pay(anyone(), 600), w.pay(anyone(), 700)
	block(first, second, third)
	for range 20 {
		block()
	}
	importScript(t, x, anyone(), 15)
	w.sync(x, 100)
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.step(x, 5)
	pays := func(tx *wire.MsgTx, amount int64) *wire.MsgTx {
		return spend([]wire.OutPoint{{Hash: tx.TxHash()}}, wire.NewTxOut(amount, w.stranger()))
	}
	published, relayed, parent := pays(first, 400), pays(second, 500), pays(third, 600)
	parent.AddTxOut(wire.NewTxOut(50, anyone()))
	child := spend([]wire.OutPoint{{Hash: parent.TxHash(), Index: 1}}, wire.NewTxOut(40, w.stranger()))
	add(t, x, published, Published)
	add(t, x, relayed, Relayed)
	add(t, x, parent, Relayed)
	add(t, x, child, Published)
	if err := x.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 5)
	want := map[chainhash.Hash]bool{published.TxHash(): true, parent.TxHash(): true, child.TxHash(): true}
	if got := unminedOf(t, x); !maps.Equal(got, want) {
		t.Errorf("unmined %v, want %v", got, want)
	}
	list, err := x.published(t.Context())
	if err = errors.Join(err, x.Check(t.Context())); err != nil || len(list) < 2 {
		t.Errorf("%d are offered (%v)", len(list), err)
	}
}
