package wallet

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// twinUnspent is EachUnspent as slowly as it can be: all outputs, then the filter.
func twinUnspent(t *testing.T, x *Wallet, f OutputFilter) []Output {
	t.Helper()
	all, err := x.Unspent(t.Context(), OutputFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(o Output) bool { return !f.takes(&o) })
}

// TestListsAreWhatFiltersChoose: a list of what a filter chooses, and one that is read in
// pages, are the list of everything without the rest.
func TestListsAreWhatFiltersChoose(t *testing.T) {
	for seed := range seeds(3) {
		w, x := newWorld(t, 100+seed), openTest(t, Birthday{})
		importTest(t, x, "a", 1, AccountOptions{})
		importTest(t, x, "b", 2, AccountOptions{})
		w.ours = append(derived(t, 1, hd.External, 5), derived(t, 2, hd.Internal, 5)...)
		for range 80 {
			w.random()
		}
		w.sync(x, 50)
		addresses, err := x.Addresses("a")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []OutputFilter{{MinConf: 1}, {MinConf: 5, MaxConf: 20}, {MaxConf: 3}, {Account: "b"}, {Usable: true},
			{Addresses: addresses[:2]}, {Addresses: addresses[2:3], MinConf: 10}, {Addresses: addresses, Account: "b"}} {
			got, err := x.Unspent(t.Context(), f)
			if want := twinUnspent(t, x, f); err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("seed %d: %+v chooses %d outputs (%v), want %d", seed, f, len(got), err, len(want))
			}
		}
		all, err := x.Received(t.Context(), 1)
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		for _, r := range all {
			one, err := x.Received(t.Context(), 1, r.Address)
			if err != nil || len(one) != 1 || one[0] != r {
				t.Errorf("seed %d: %s has received %+v (%v), want %+v", seed, r.Address, one, err, r)
			}
		}
		for _, f := range []HistoryFilter{{}, {Account: "b"}, {Addresses: addresses[:3]}} {
			inPages(t, x, f)
		}
		skipping(t, x)
	}
}

// skipping compares a history without its newest transactions with the whole one.
func skipping(t *testing.T, x *Wallet) {
	t.Helper()
	all, err := x.History(t.Context(), HistoryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	rest := all
	for skip := range len(all) + 2 {
		got, err := x.History(t.Context(), HistoryFilter{SkipEntries: skip})
		if err != nil || len(got)+len(rest) > 0 && !reflect.DeepEqual(got, rest) {
			t.Fatalf("without the %d newest ones there are %d transactions (%v), want %d", skip, len(got), err, len(rest))
		}
		for len(rest) > 0 && len(rest[0].Entries()) == 0 {
			rest = rest[1:]
		}
		rest = rest[min(1, len(rest)):]
	}
}

// inPages compares a history with the same read three transactions at a time.
func inPages(t *testing.T, x *Wallet, f HistoryFilter) {
	t.Helper()
	hashes := func(f HistoryFilter) (list []chainhash.Hash) {
		history, err := x.History(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range history {
			list = append(list, h.Hash)
		}
		return list
	}
	want := hashes(f)
	var got []chainhash.Hash
	page := f
	for page.Count = 3; ; page.Before = got[len(got)-1] {
		more := hashes(page)
		got = append(got, more...)
		if len(more) < page.Count {
			break
		}
	}
	if !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%+v in pages is %d transactions, want %d", f, len(got), len(want))
	}
	page.Before = chainhash.Hash{1}
	if _, err := x.History(t.Context(), page); !errors.Is(err, ErrNoTransaction) {
		t.Errorf("after an unknown transaction: %v", err)
	}
}
