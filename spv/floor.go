package spv

import (
	"errors"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// floorMargin is how many blocks before the first one that the wallet needs filters are fetched: a
// day of them on the main network. Times of blocks are not quite in order, a reorganisation may move
// a birthday, and transactions of light clients are searched for in as many of the newest blocks.
const floorMargin consensus.Height = 288

// firstSince is the first block since a time on the chain up to a tip.
type firstSince struct {
	since time.Time
	tip   consensus.BlockID
	first consensus.Height
}

// wantedFloor returns the height from which on filters are needed, as far as it is known. It is
// certain unless it may still rise with further headers: then it is within floorMargin of the tip.
func (l *loop) wantedFloor() (floor consensus.Height, certain bool, err error) {
	if l.keepsAll() {
		return 0, true, nil
	}
	h, since := l.cfg.Wallet.(Selective).FiltersFrom()
	end := l.staged.Tip.Height + 1
	if !since.IsZero() {
		if at := (firstSince{since: since, tip: l.staged.Tip}); at.since != l.since.since || at.tip != l.since.tip {
			if at.first, err = l.store.FirstSince(since); err != nil {
				return 0, false, err
			}
			l.since = at
		}
		h = min(h, l.since.first)
	}
	return max(0, min(h, end)-floorMargin), h < end, nil
}

// keepsAll reports whether all filters are to be there.
func (l *loop) keepsAll() bool {
	_, selective := l.cfg.Wallet.(Selective)
	return !selective || l.cfg.KeepFilters
}

// moveFloor stages another floor of the filters when another one is needed, and reports whether
// filters may be fetched now: not while the headers are that say where the floor will be.
//
// A floor is raised only above filters that are missing, so that fewer are fetched, and over early
// filters that were fetched for their proof; others that are there stay. It is lowered when the
// scan has come to a filter that is not there.
func (l *loop) moveFloor() (fetch bool, err error) {
	want, certain, err := l.wantedFloor()
	if err != nil {
		return false, err
	}
	l.wanted = want
	if low, lacks := l.scan.Lacks(); (lacks || l.keepsAll() && !l.cfg.Prune && l.staged.Floor > 0) && !l.staged.Above.Any() {
		to := low - floorMargin
		if !l.cfg.Prune { // otherwise what wallets were searched for in is not wanted again
			to = min(to, want)
		}
		return l.lowerFloor(max(0, to))
	}
	active := l.cfg.Params.DCP0005
	switch {
	case want <= l.staged.Floor:
		l.earlyOnly = false
		return true, nil
	case want > l.staged.Filters.Height+1 && !certain && l.headers.FetchingTail():
		return false, nil
	case want < active && !l.staged.EarlyProven: // all early filters are needed to prove any
		l.earlyOnly, l.wanted = true, 0
		return true, nil
	case want > l.staged.Filters.Height+1 && !l.staged.Above.Any(), l.earlyOnly:
		l.earlyOnly = false
		if err := l.raiseFloor(want); err != nil {
			return false, err
		}
		l.filters.Restart()
	}
	return true, nil
}

// raiseFloor stages a higher floor.
func (l *loop) raiseFloor(to consensus.Height) error {
	from := l.staged.Floor
	if err := l.store.RaiseFloor(to); err != nil {
		return err
	}
	l.cfg.Log.Info("Filters of old blocks are not needed", "below", to, "were", from)
	l.touched()
	return nil
}

// lowerFloor stages a lower floor, and reports whether it has. Otherwise it has to be called
// again, after what is staged was written; no more filters are fetched before that.
func (l *loop) lowerFloor(to consensus.Height) (lowered bool, err error) {
	from := l.staged.Floor
	err = l.store.LowerFloor(to)
	if busy := errors.Is(err, chain.ErrFloorBusy); err == nil || busy {
		l.floorMoved()
		if err == nil {
			l.cfg.Log.Info("Fetching the filters of older blocks", "from", l.staged.Floor, "were", from)
		}
		return !busy, nil
	}
	return false, err
}

// floorMoved has the filters fetched that come next, after the floor may have been moved.
func (l *loop) floorMoved() {
	if l.store.Staged() == l.staged {
		return
	}
	l.filters.Restart()
	l.touched()
}
