package spv

import (
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
)

// TestDoubt checks in which states other peers are looked for.
func TestDoubt(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*facts)
		want   string // part of the doubt; empty for none
	}{
		"synced":                     {func(*facts) {}, ""},
		"old tip":                    {func(f *facts) { f.overdue = true }, "older than 6 block intervals"},
		"old tip, still synced":      {func(f *facts) { f.overdue, f.stale = true, false }, "older than"},
		"old tip in a first sync":    {func(f *facts) { f.overdue, f.phase, f.fetchingTail = true, CatchingUp, true }, ""},
		"old tip after a first sync": {func(f *facts) { f.overdue, f.phase = true, CatchingUp }, "older than"},
		"no peer":                    {func(f *facts) { f.overdue, f.peers, f.mute = true, 0, 0 }, ""},
		"not running":                {func(f *facts) { f.overdue, f.phase = true, Idle }, ""},
		"no peer answers":            {func(f *facts) { f.mute = 2 }, "no peer answers"},
		"no peer answers at first":   {func(f *facts) { f.mute, f.fetchingTail, f.shown = 2, true, false }, "no peer answers"},
		"one peer answers":           {func(f *facts) { f.mute = 1 }, ""},
		"little work":                {func(f *facts) { f.enough = false }, "less work"},
		"filters missing": {func(f *facts) {
			f.filters.Height, f.missing = 90, filtersync.Delay{From: 91, To: 100, Failed: 2}
		}, "filters"},
		"filters missing at one peer": {func(f *facts) {
			f.filters.Height, f.missing = 90, filtersync.Delay{From: 91, To: 100, Failed: 1}
		}, ""},
	} {
		f := inStep()
		test.change(&f)
		if got := f.doubt(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: doubt %q, want %q", name, got, test.want)
		}
	}
}

// TestCredit checks that a peer is credited for the newest block of the best chain
// only: one that sends blocks of a branch with less work, or nothing, is not.
func TestCredit(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		good := h.net.join(&fakePeer{chain: c, latency: latency})
		silent := h.net.join(&fakePeer{chain: c, latency: latency})
		side := h.net.join(&fakePeer{chain: c.Fork(c.Height()-10, 5, 7), latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		for range 3 {
			<-time.After(time.Minute)
			c = c.Extend(1)
			h.net.extend(good, c)
			h.net.change(side, func(p *fakePeer) { p.chain = p.chain.Extend(1) })
			h.untilSyncedTo(time.Minute, c)
		}
		h.net.mu.Lock()
		defer h.net.mu.Unlock()
		if got := consensus.Height(h.net.credits[good.id]); got != c.Height() {
			h.Errorf("the peer that sent block %d is credited for %d", c.Height(), got)
		}
		for _, p := range []*fakePeer{silent, side} {
			if got := consensus.Height(h.net.credits[p.id]); got > c.Height()-3 {
				h.Errorf("peer %d is credited for block %d, which it has not sent", p.id, got)
			}
		}
	})
}

// TestAgeIsToldEarly checks that the status says that peers may withhold blocks long before
// the tip is stale, with the ages, and while it is synced still.
func TestAgeIsToldEarly(t *testing.T) {
	f := inStep()
	f.interval, f.tipAge, f.overdue = 5*time.Minute, 31*time.Minute, true
	const early = "The newest block is 31 minutes old, one is usual every 5 minutes: these peers may withhold newer ones."
	if reason, _ := f.reason(); !f.synced() || !strings.HasPrefix(reason, "Synced at height 100 with 2 peers. ") || !strings.Contains(reason, early) {
		t.Errorf("after half an hour: %q", reason)
	}
	f.tipAge, f.stale = 125*time.Minute, true
	reason, hint := f.reason()
	if f.synced() || !strings.Contains(reason, "2 h 5 min old") || !strings.Contains(reason, "these peers may withhold") || hint == "" {
		t.Errorf("after two hours: %q, %q", reason, hint)
	}
}
