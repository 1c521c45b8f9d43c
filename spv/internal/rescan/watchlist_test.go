package rescan

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
// order in which it came, with gaps where scripts are gone. What comes back is as
// good as new. The list begins again when some are gone and others have come.
func TestWatchlistKeepsItsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var w watchlist
	var have, lost []int
	var order [][]byte
	for revision := range uint64(1000) {
		had, more := len(have), []int(nil)
		have = slices.Clone(have)
		if r.IntN(6) == 0 && had > 0 {
			from := r.IntN(had)
			if r.IntN(2) == 0 {
				from = 0 // as when a search goes on
			}
			to := from + 1 + r.IntN(had-from)
			lost = append(lost, have[from:to]...)
			have = slices.Delete(have, from, to)
		}
		gone := len(have) < had
		switch n := r.IntN(10); {
		case n < 4:
			more = []int{int(revision)}
		case n < 5 && !gone:
			more, lost = lost, nil
		}
		at := r.IntN(len(have) + 1) // in the middle, as that of several wallets
		if r.IntN(2) == 0 {
			at = len(have)
		}
		have = slices.Insert(have, at, more...)
		begins := gone && (len(more) > 0 || len(have) == 0)
		here := make(map[string]bool)
		for _, sc := range namedScripts(have...) {
			here[string(sc)] = true
		}
		for i, sc := range order {
			if !here[string(sc)] {
				order[i] = nil
			}
		}
		order = append(order, namedScripts(more...)...)
		before, fresh := w.count(), len(more)
		if begins {
			order, before, fresh = namedScripts(have...), 0, len(have)
		}
		if got := w.take(namedScripts(have...), revision+1); got != begins {
			t.Fatalf("revision %d: gone %v, want %v", revision, got, begins)
		}
		if !slices.EqualFunc(w.scripts, order, slices.Equal[[]byte]) {
			t.Fatalf("revision %d: got %q, want %q", revision, w.scripts, order)
		}
		if n := w.since(0).Len(); n != len(have) {
			t.Fatalf("revision %d: %d scripts are matched, want %d", revision, n, len(have))
		}
		if got := w.since(before).Len(); got != fresh {
			t.Fatalf("revision %d: %d scripts since %d, want %d", revision, got, before, fresh)
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
