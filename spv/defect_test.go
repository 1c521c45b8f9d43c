package spv

import (
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// warning returns the text of a warning of a status; empty if it is not shown.
func (st Status) warning(code string) string {
	for _, w := range st.Warnings {
		if w.Code == code {
			return w.Text
		}
	}
	return ""
}

// TestAPanicInAJobDoesNotEndTheRun has a job panic while it asks a peer for headers: the run
// goes on, and says so.
func TestAPanicInAJobDoesNotEndTheRun(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency, brokenHeaders: true})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		st := h.syncer.Status()
		if got := st.warning(codeDefect); got != "This program has failed over what a peer sent, and goes on." {
			h.Errorf("the warning is %q", got)
		}
		if st.warning(codeResumed) == "" {
			h.Error("the status does not say that the sync was interrupted")
		}
	})
}

// TestAPanicOverABlockIsThatOfItsPeer has one of two peers send blocks that make the checks of
// a block panic. They are fetched of the other, nothing is interrupted, and the peer loses
// standing.
func TestAPanicOverABlockIsThatOfItsPeer(t *testing.T) {
	script := []byte{0x51, 0x52}
	plan := testnet.Plan{}
	for h := consensus.Height(100); h < 200; h += 10 {
		plan.Pay(h, script, 1e8)
	}
	c := generate(t, 300, plan)
	w := newDiary(t, c, script)
	inHouse(t, c, w, func(h *house) {
		bad := h.net.join(&fakePeer{chain: c, latency: latency, emptyBlocks: true})
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		st := h.syncer.Status()
		if st.warning(codeDefect) == "" || st.warning(codeResumed) != "" {
			h.Errorf("the warnings are %+v", st.Warnings)
		}
		h.net.mu.Lock()
		defer h.net.mu.Unlock()
		if len(h.net.useless[bad.id]) == 0 || len(h.net.accused[bad.id]) > 0 {
			h.Errorf("the peer was reported %v, and accused of %v", h.net.useless[bad.id], h.net.accused[bad.id])
		}
	})
}

// TestAPanicOfTheLoopDoesNotEndTheRun has the goroutine of the syncer panic over what a peer
// has announced, twice, and the pool count a failure of its own.
func TestAPanicOfTheLoopDoesNotEndTheRun(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		for n, pause := range []time.Duration{resumePause, 2 * resumePause} {
			h.net.mu.Lock()
			h.net.broken = "an announcement cannot be read"
			h.net.poke()
			h.net.mu.Unlock()
			began := time.Now()
			h.until(time.Second, "interrupted", func(st Status) bool { return !st.Initialised })
			if st := h.syncer.Status(); st.Synced || !strings.Contains(st.Reason, "interrupted") {
				h.Errorf("while the sync is interrupted: synced %v, %q", st.Synced, st.Reason)
			}
			c = c.Extend(1)
			h.net.change(p, func(p *fakePeer) { p.chain = c })
			h.untilSyncedTo(time.Minute, c)
			if took := time.Since(began); took < pause || took > pause+2*time.Second {
				h.Errorf("failure %d: synced after %v, want a pause of %v", n, took, pause)
			}
		}
		h.net.mu.Lock()
		h.net.defects = 1
		h.net.mu.Unlock()
		st := h.until(time.Second, "warned", func(st Status) bool { return strings.Contains(st.warning(codeDefect), "3 times") })
		if !st.Synced {
			h.Error("not synced")
		}
	})
}

// TestThePauseAfterAnInterruptionIsBounded goes through many of them.
func TestThePauseAfterAnInterruptionIsBounded(t *testing.T) {
	at, pause := time.Unix(1000, 0), time.Duration(0)
	first := pauseAfter(time.Time{}, at, 0)
	for range 20 {
		next := at.Add(time.Minute)
		pause = pauseAfter(at, next, max(pause, first))
		at = next
	}
	if first != resumePause || pause != maxResumePause {
		t.Errorf("%v at first, %v after many", first, pause)
	}
	if got := pauseAfter(at, at.Add(2*resumeAgain), pause); got != resumePause {
		t.Errorf("%v after a long time without any", got)
	}
}
