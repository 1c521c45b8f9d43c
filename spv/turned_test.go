package spv

import (
	"testing"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// TestTurnedTellsThatTheLoopHangs follows the sign of life of a syncer that has
// no peers, then hangs, and then goes on.
func TestTurnedTellsThatTheLoopHangs(t *testing.T) {
	inHouse(t, generate(t, 10, nil), nil, func(h *house) {
		if !h.syncer.Turned().IsZero() {
			h.Error("the loop has turned before it ran")
		}
		h.start()
		h.until(time.Minute, "catching up", func(st Status) bool { return st.Phase == CatchingUp })
		h.pass(time.Hour)
		if idle := time.Since(h.syncer.Turned()); idle > time.Second {
			h.Errorf("the loop has not turned for %v", idle)
		}
		release := make(chan struct{})
		h.net.hang(release)
		h.pass(time.Minute)
		if idle := time.Since(h.syncer.Turned()); idle < 59*time.Second {
			h.Errorf("the loop has turned %v ago although it hangs", idle)
		}
		close(release)
		h.pass(time.Second)
		if idle := time.Since(h.syncer.Turned()); idle > time.Second {
			h.Errorf("the loop that hangs no more has not turned for %v", idle)
		}
		h.stop()
		if !h.syncer.Turned().IsZero() {
			h.Error("there is a turn after the run")
		}
	})
}

// hang makes the next look for news wait.
func (n *fakeNet) hang(release <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.news = append(n.news, func(func(p2p.Announcement) bool) { <-release })
	n.poke()
}
