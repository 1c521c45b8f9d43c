package spv

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// namedScripts returns scripts that are named by numbers.
func namedScripts(numbers ...int) (list [][]byte) {
	for _, n := range numbers {
		list = append(list, fmt.Append(nil, "script ", n))
	}
	return list
}

// TestWatchlistKeepsItsOrder holds that the list is what the wallet has, in the
// order in which it came, unless scripts are gone.
func TestWatchlistKeepsItsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var w watchlist
	var have, order []int
	for revision := range uint64(2000) {
		wantGone := false
		switch n := r.IntN(10); {
		case n == 0 && len(have) > 0:
			have = slices.Delete(slices.Clone(have), 0, 1+r.IntN(len(have)))
			order, wantGone = slices.Clone(have), true
		case n < 4: // in the middle, as that of several wallets
			have = slices.Insert(slices.Clone(have), r.IntN(len(have)+1), int(revision))
			order = append(order, int(revision))
		case n < 8:
			have = append(slices.Clone(have), int(revision))
			order = append(order, int(revision))
		}
		before := len(w.scripts)
		if gone := w.take(namedScripts(have...), revision+1); gone != wantGone {
			t.Fatalf("revision %d: gone %v, want %v", revision, gone, wantGone)
		}
		want := namedScripts(order...)
		if !slices.EqualFunc(w.scripts, want, slices.Equal[[]byte]) {
			t.Fatalf("revision %d: got %q, want %q", revision, w.scripts, want)
		}
		if n := w.since(0).Len(); n != len(want) {
			t.Fatalf("revision %d: %d scripts are matched, want %d", revision, n, len(want))
		}
		if n := min(before, len(want)); w.since(n).Len() != len(want)-n {
			t.Fatalf("revision %d: %d scripts since %d of %d", revision, w.since(n).Len(), n, len(want))
		}
	}
}

// TestWatchlistLooksAtRevisions holds that nothing is compared while the wallet's
// number stays the same.
func TestWatchlistLooksAtRevisions(t *testing.T) {
	var w watchlist
	w.take(namedScripts(1), 0)
	w.take(nil, 0)
	if w.count() != 1 {
		t.Errorf("%d scripts", w.count())
	}
	if gone := w.take(nil, 1); !gone || w.count() != 0 {
		t.Errorf("gone %v, %d scripts", gone, w.count())
	}
}

// TestWatchlistIsExtended holds that scripts stay on the list when only a part of
// them is given.
func TestWatchlistIsExtended(t *testing.T) {
	var w watchlist
	w.take(namedScripts(1, 2, 3), 1)
	w.extend(namedScripts(1, 2, 3, 4), 2)
	w.extend(namedScripts(2, 5), 3)
	w.extend(namedScripts(2, 5, 6), 4)
	if want := namedScripts(1, 2, 3, 4, 5, 6); !slices.EqualFunc(w.scripts, want, slices.Equal[[]byte]) {
		t.Errorf("got %q, want %q", w.scripts, want)
	}
	if gone := w.take(namedScripts(1, 2, 3, 4, 5, 6, 7), 5); gone || w.count() != 7 {
		t.Errorf("gone %v, %d scripts", gone, w.count())
	}
}
