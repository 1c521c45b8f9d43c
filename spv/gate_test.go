package spv

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// ready is a condition for Wait: everything is at the tip, but for blocks that have just come.
func ready(st Status) bool { return st.Ready }

// turns counts how often statuses have changed between synced and not, and ready and not.
type turns struct {
	mu                           sync.Mutex
	synced, lost, opened, closed int
}

// watch counts until the returned function is called.
func (c *turns) watch(h *house) (stop func()) {
	ctx, cancel := context.WithCancel(h.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		was := Status{}
		for st := range h.syncer.Changes(ctx, 0) {
			c.mu.Lock()
			for _, turn := range []struct {
				was, is bool
				n       *int
			}{
				{was.Synced, st.Synced, &c.synced}, {!was.Synced, !st.Synced, &c.lost},
				{was.Ready, st.Ready, &c.opened}, {!was.Ready, !st.Ready, &c.closed},
			} {
				if turn.is && !turn.was {
					*turn.n++
				}
			}
			c.mu.Unlock()
			was = st
		}
	})
	return func() {
		synctest.Wait() // it has read the newest one
		cancel()
		watching.Wait()
	}
}

func (c *turns) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("synced %d times, lost it %d times; opened %d times, closed %d times", c.synced, c.lost, c.opened, c.closed)
}

// TestGateStaysOpenNearTheTip: a block every two seconds, from a peer that needs 400 ms for each
// reply, makes the status unsynced each time, and the gate Synced stays open.
func TestGateStaysOpenNearTheTip(t *testing.T) {
	const blocks = 300
	c := generate(t, 800, nil)
	at := c.Height() - blocks
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{host: "a", chain: generate(t, int(at), nil), latency: 400 * time.Millisecond})
		var seen turns
		h.start()
		stop := seen.watch(h)
		h.until(time.Minute, "synced", Synced)
		for at < c.Height() {
			at++
			h.net.extend(p, generate(t, int(at), nil))
			h.pass(2 * time.Second)
		}
		h.untilSyncedTo(time.Minute, c)
		h.stop()
		stop()
		if seen.opened != 1 || seen.closed != 1 || seen.synced < blocks/2 || seen.lost != seen.synced {
			t.Errorf("%v; want about %d times, and the gate once, at the stop", &seen, blocks)
		}
		t.Log(&seen)
	})
}

// TestGateCloses: with the last peer at once; when filters of a new block are withheld after
// readyPatience; when many blocks are missing at once; and it opens again with Synced.
func TestGateCloses(t *testing.T) {
	inHouse(t, generate(t, 700, nil), nil, func(h *house) {
		chain := func(height int) *fakePeer { return &fakePeer{host: "a", chain: generate(t, height, nil)} }
		p := h.net.join(chain(600))
		h.start()
		h.until(time.Minute, "ready", ready)
		h.net.leave(p)
		h.pass(300 * time.Millisecond)
		if st := h.syncer.Status(); st.Ready {
			t.Errorf("ready without a peer: %+v", st)
		}
		p = h.net.join(chain(600))
		h.until(time.Minute, "ready again", ready)

		h.net.change(p, func(p *fakePeer) { p.silentFilters = true })
		h.net.extend(p, generate(t, 601, nil))
		began := time.Now()
		h.pass(readyPatience - time.Second)
		if st := h.syncer.Status(); st.Synced || !st.Ready {
			t.Errorf("without the filter of a new block: synced %v, ready %v: %s", st.Synced, st.Ready, st.Reason)
		}
		h.until(time.Minute, "closed", func(st Status) bool { return !st.Ready })
		if took := time.Since(began); took < readyPatience || took > readyPatience+2*tick {
			t.Errorf("closed after %v, want %v", took, readyPatience)
		}
		h.net.change(p, func(p *fakePeer) { p.silentFilters = false })
		h.until(time.Minute, "ready with the filter", ready)

		h.net.change(p, func(p *fakePeer) { p.latency = time.Second })
		h.net.extend(p, generate(t, 601+int(nearTip)+1, nil))
		h.until(time.Second/2, "closed with many blocks missing", func(st Status) bool { return !st.Ready })
		h.until(time.Minute, "ready with all of them", ready)
	})
}

// TestGateIsOnlyForNewBlocks: every single fact that stands against being synced, other than that
// the newest blocks are missing or that peers are waited for, closes the gate at once.
func TestGateIsOnlyForNewBlocks(t *testing.T) {
	at := consensus.BlockID{Height: 1000}
	good := facts{phase: Following, peers: 1, shown: true, staged: 1000, tip: at, filters: at, scanned: at, enough: true, pinned: pinned{weighed: true}}
	if !good.synced() {
		t.Fatalf("not synced: %+v", good)
	}
	behind := consensus.BlockID{Height: at.Height - nearTip}
	far := consensus.BlockID{Height: behind.Height - 1}
	for _, c := range []struct {
		what   string
		change func(f *facts)
		open   bool
	}{
		{"a new header", func(f *facts) { f.staged++ }, true},
		{"filters missing", func(f *facts) { f.filters = behind }, true},
		{"blocks not scanned", func(f *facts) { f.scanned = behind }, true},
		{"a peer that is waited for", func(f *facts) { f.awaited = []string{"a"} }, true},
		{"no peer that has shown all", func(f *facts) { f.shown = false }, true},
		{"dials that are waited for", func(f *facts) { f.gathering = true }, true},
		{"headers that are fetched", func(f *facts) { f.fetchingTail = true }, true},
		{"many headers", func(f *facts) { f.staged += nearTip + 1 }, false},
		{"many filters missing", func(f *facts) { f.filters = far }, false},
		{"many blocks not scanned", func(f *facts) { f.scanned = far }, false},
		{"no peer", func(f *facts) { f.peers = 0 }, false},
		{"another phase", func(f *facts) { f.phase = Rescanning }, false},
		{"a stop", func(f *facts) { f.phase = Stopping }, false},
		{"too little work", func(f *facts) { f.enough = false }, false},
		{"an old tip", func(f *facts) { f.stale = true }, false},
		{"a dispute", func(f *facts) { f.pinned.dispute = &consensus.RuleError{} }, false},
		{"a block without votes", func(f *facts) { f.unvoted = &VoteReport{} }, false},
	} {
		var g gate
		now := time.Unix(1000, 0)
		if g.pass(good, now) != true {
			t.Fatal("synced, and not open")
		}
		f := good
		c.change(&f)
		if f.synced() {
			t.Errorf("%s: synced", c.what)
		}
		if got := g.pass(f, now.Add(time.Second)); got != c.open {
			t.Errorf("%s: open %v, want %v", c.what, got, c.open)
		}
		if g.pass(f, now.Add(2*time.Second+readyPatience)) {
			t.Errorf("%s: open for ever", c.what)
		}
		if g.pass(f, now.Add(2*time.Second+readyPatience)); g.pass(good, now.Add(time.Hour)) != true {
			t.Errorf("%s: not open again", c.what)
		}
		closed := gate{}
		if closed.pass(f, now) {
			t.Errorf("%s: a closed gate opens", c.what)
		}
	}
}
