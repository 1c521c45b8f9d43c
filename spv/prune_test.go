package spv

import (
	"errors"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// TestPrune deletes the filters below a height, but never the newest ones; blocks and branches that
// come meanwhile are followed, a restart fetches nothing again, and a wallet that needs older ones
// has them fetched.
func TestPrune(t *testing.T) {
	script := []byte{0x51}
	c := generate(t, 3000, payEvery(3000, 100, script))
	for _, keep := range []bool{false, true} {
		wallet := newBornDiary(t, c, 0, script)
		inHouse(t, c, wallet, func(h *house) {
			wallet.changed = make(chan struct{}, 1)
			h.cfg.Prune, h.cfg.KeepFilters = true, keep
			h.syncer, _ = New(h.cfg)
			if _, err := h.syncer.Prune(h.Context(), 10); !errors.Is(err, ErrNotInitialised) {
				t.Errorf("before the run: %v", err)
			}
			h.start()
			h.until(time.Minute, "open", func(st Status) bool { return st.Initialised })
			if floor, err := h.syncer.Prune(h.Context(), 10); !errors.Is(err, ErrBusy) || floor != 0 {
				t.Errorf("before the sync: %d, %v", floor, err)
			}
			p := h.net.join(&fakePeer{chain: c, latency: latency})
			h.untilSyncedFrom(time.Minute, c, 0)
			for _, step := range []struct{ below, floor consensus.Height }{{300, 300}, {200, 300}, {consensus.Never, 3001 - PruneDepth}} {
				if floor, err := h.syncer.Prune(h.Context(), step.below); err != nil || floor != step.floor {
					t.Errorf("below %d: the floor is %d, %v; want %d", step.below, floor, err, step.floor)
				}
				h.until(time.Minute, "raised", func(st Status) bool { return st.Floor == step.floor })
			}
			longer := c.Extend(3)
			h.net.extend(p, longer)
			h.untilSyncedFrom(time.Minute, longer, 3001-PruneDepth)
			h.deleted()
			before := h.filtersAsked(p)
			h.stop()
			h.start()
			h.untilSyncedFrom(time.Minute, longer, 3001-PruneDepth)
			if n := h.filtersAsked(p); n != before {
				t.Errorf("%d requests for filters after a restart", n-before)
			}
			h.wantFound(wallet, 1, 3000, 100)
			wallet.lower(500)
			h.untilSyncedFrom(time.Minute, longer, 500-floorMargin)
			h.wantFound(wallet, 500, 3000, 100)
		})
	}
}

// leftover reports whether there are filters below the floor on the disk.
func leftover(h *house, store *chain.Reader) bool {
	has, err := store.Leftover()
	if err != nil {
		h.Errorf("find filters below the floor: %v", err)
	}
	return has
}

// deleted waits until no filters below the floor are on the disk.
func (h *house) deleted() {
	h.Helper()
	store, err := h.syncer.Chain()
	if err != nil {
		h.Fatal(err)
	}
	h.until(time.Minute, "deleted", func(Status) bool { return !leftover(h, store) })
	if err := store.Check(h.Context()); err != nil {
		h.Errorf("the store fails its check: %v", err)
	}
}
