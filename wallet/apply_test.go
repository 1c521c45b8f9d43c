package wallet

import (
	"fmt"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// checkBalances compares the balances of a wallet with those of the twin.
func checkBalances(t *testing.T, w *world, x *Wallet) {
	t.Helper()
	for _, minConf := range []int64{1, 3} {
		got, err := x.Balances(t.Context(), minConf)
		if err != nil {
			t.Fatal(err)
		}
		want := w.balances(x, minConf)
		for _, a := range got.Accounts {
			have, want := a.Balance, want[a.Account]
			if have.Total-have.Unconfirmed != want.Total-want.Unconfirmed {
				t.Fatalf("at %d, min %d: account %s has a total of %s, want %s", len(w.main)-1, minConf, a.Account, have.Total, want.Total)
			}
			have.Unconfirmed, have.Spending, have.Total, want.Unconfirmed, want.Total = 0, 0, 0, 0, 0
			if have != want {
				t.Fatalf("at %d, min %d: account %s has %+v, want %+v", len(w.main)-1, minConf, a.Account, have, want)
			}
		}
	}
}

// checkUnspent wants all outputs that a wallet lists to be coins of the twin, and
// to be mature when the twin thinks so. Some may be missing: void transactions
// that are unmined again spend them.
func checkUnspent(t *testing.T, w *world, x *Wallet) {
	t.Helper()
	list, err := x.Unspent(t.Context(), OutputFilter{MinConf: 1})
	if err != nil {
		t.Fatal(err)
	}
	coins := w.coins(false)
	for _, o := range list {
		c, ok := coins[o.OutPoint]
		if !ok {
			t.Fatalf("at %d: %v of %v can never be spent", len(w.main)-1, o.OutPoint, o.Amount)
		}
		if c.ticket == nil && o.Mature != (o.Confirmations >= c.need()) {
			t.Fatalf("at %d: %+v is mature, with %d confirmations needed: %v", len(w.main)-1, o, c.need(), o.Mature)
		}
	}
}

// checkAddressHistory compares what the index of payments finds for each
// address with a look at every transaction.
func checkAddressHistory(t *testing.T, w *world, x *Wallet) {
	t.Helper()
	all, err := x.History(t.Context(), HistoryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, pay := range w.ours {
		f := HistoryFilter{Addresses: []string{hd.ScriptAddress(w.params.ChainParams, pay)}}
		var want, got []chainhash.Hash
		for _, h := range all {
			if f.takes(h) {
				want = append(want, h.Hash)
			}
		}
		list, err := x.History(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range list {
			got = append(got, h.Hash)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v: %v, want %v", f.Addresses, got, want)
		}
		found += len(got)
	}
	if found == 0 {
		t.Fatal("no address has a history")
	}
}

func TestBalancesEqualReplay(t *testing.T) {
	for seed := range seeds(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			x := openTest(t, Birthday{})
			importTest(t, x, "default", 1, AccountOptions{})
			w.ours = append(derived(t, 1, hd.External, 12), derived(t, 1, hd.Internal, 12)...)
			for range 80 {
				w.random()
				if w.rng.IntN(2) == 0 {
					w.sync(x, 1+w.rng.IntN(20))
					checkBalances(t, w, x)
					checkUnspent(t, w, x)
				}
				if d := w.rng.IntN(20); d > 0 && d < 5 && d < len(w.main) {
					w.reorganise(d)
				}
			}
			w.sync(x, 7)
			checkBalances(t, w, x)
			checkAddressHistory(t, w, x)
		})
	}
}
