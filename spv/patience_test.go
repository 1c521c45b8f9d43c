package spv

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/internal/headersync"
)

// TestAPeerThatClaimsMoreIsWaitedForOnce has a silent peer that claims 500 blocks more keep
// the client from being synced for its host's time, and then no longer, however often
// it comes back. The status names it.
func TestAPeerThatClaimsMoreIsWaitedForOnce(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency, host: "10.0.0.1"})
		silent := func() *fakePeer {
			return h.net.join(&fakePeer{chain: c, claim: 800, silentHeaders: true, host: "10.0.0.2"})
		}
		p := silent()
		h.start()
		began := time.Now()
		h.until(headersync.AnswerGrace+5*time.Second, "waiting", func(st Status) bool {
			return !st.Synced && st.Reason == "Waiting for 10.0.0.2: has not answered yet, but claimed more than block 300."
		})
		h.untilSyncedTo(time.Minute, c)
		if took := time.Since(began); took < headersync.LeastPatience || took > headersync.LeastPatience+headersync.AnswerGrace+time.Second {
			h.Errorf("synced after %v, want about %v", took, headersync.LeastPatience)
		}
		if st := h.syncer.Status(); st.Reason != "Synced at height 300 with 1 peer; no answer from 10.0.0.2." {
			h.Errorf("the reason is %q", st.Reason)
		}
		for range 50 {
			h.net.leave(p)
			h.pass(time.Second)
			p = silent()
			for range 20 {
				h.pass(100 * time.Millisecond)
				if st := h.syncer.Status(); !st.Synced {
					h.Fatalf("not synced once more: %s", st.Reason)
				}
			}
		}
		h.net.join(&fakePeer{chain: c, claim: 800, silentHeaders: true, host: "10.0.0.3"})
		h.until(time.Second, "waiting for another host", func(st Status) bool { return !st.Synced && strings.Contains(st.Reason, "10.0.0.3") })
		h.untilSyncedTo(headersync.LeastPatience+time.Second, c)
	})
}

// TestASlowPeerThatShowsMoreIsWaitedFor has an honest peer that takes long for each reply
// join a client that is synced to a branch with less work. From then on the client does
// not say synced before it has followed the peer.
func TestASlowPeerThatShowsMoreIsWaitedFor(t *testing.T) {
	race.Skip(t)
	best := generate(t, 9000, nil)
	branch := best.Fork(500, 8400, 7)
	for _, slow := range []time.Duration{100 * time.Millisecond, 3 * time.Second, 6 * time.Second, 9 * time.Second} {
		t.Run(fmt.Sprint(slow), func(t *testing.T) {
			inHouse(t, best, nil, func(h *house) {
				h.net.join(&fakePeer{chain: branch, latency: latency, host: "10.0.0.1"})
				h.start()
				h.untilSyncedTo(time.Minute, branch)
				h.net.join(&fakePeer{chain: best, latency: slow, host: "10.0.0.2"})
				h.until(time.Second, "waiting", func(st Status) bool { return !st.Synced })
				st := h.until(10*time.Minute, "synced", Synced)
				if st.Tip != best.Tip() {
					h.Errorf("synced at block %d of %d", st.Tip.Height, best.Height())
				}
			})
		})
	}
}

// lower returns a chain, and a longer branch of it that has less work: its blocks have
// the times of much later ones, so that they are easy.
func lower(t *testing.T) (best, branch *testnet.Chain) {
	t.Helper()
	best = hardNet(t, 900, 0)
	branch = best.Grow(testnet.Branch{At: 500, Blocks: 450, Seed: 7, Late: 390 * time.Second})
	if has, most := branch.Work(), best.Work(); branch.Height() <= best.Height() || !most.Gt(&has) {
		t.Fatalf("the branch of %d blocks has as much work as the chain of %d", branch.Height(), best.Height())
	}
	return best, branch
}

// TestALongerBranchWithLessWorkIsNotSynced has an honest peer, whose chain is lower than that
// of another peer but has more work, take long for its first answer: the client does not say
// synced before it has followed that peer, whichever of them connects first.
func TestALongerBranchWithLessWorkIsNotSynced(t *testing.T) {
	best, branch := lower(t)
	for _, slow := range []time.Duration{latency, 900 * time.Millisecond, 3 * time.Second, 7 * time.Second} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v, honest first %v", slow, first), func(t *testing.T) {
				inHouse(t, branch, nil, func(h *house) {
					peers := []*fakePeer{{chain: branch, latency: latency, host: "10.0.0.1"}, {chain: best, latency: slow, host: "10.0.0.2"}}
					if first {
						slices.Reverse(peers)
					}
					for _, p := range peers {
						h.net.join(p)
					}
					h.start()
					if st := h.until(10*time.Minute, "synced", Synced); st.Tip != best.Tip() {
						h.Errorf("synced at block %d of the branch", st.Tip.Height)
					}
				})
			})
		}
	}
}

// TestASlowPeerOfTheSameHeightIsWaitedFor is the same with branches of one height, and a peer
// whose round trips take long from its handshake on.
func TestASlowPeerOfTheSameHeightIsWaitedFor(t *testing.T) {
	best, branch := lower(t)
	branch = branch.Fork(best.Height(), 0, 0)
	for _, slow := range []time.Duration{900 * time.Millisecond, 3 * time.Second, 6 * time.Second, 9 * time.Second} {
		t.Run(fmt.Sprint(slow), func(t *testing.T) {
			inHouse(t, branch, nil, func(h *house) {
				h.net.join(&fakePeer{chain: branch, latency: latency, host: "10.0.0.1"})
				h.net.join(&fakePeer{chain: best, latency: slow, trip: slow, host: "10.0.0.2"})
				h.start()
				if st := h.until(10*time.Minute, "synced", Synced); st.Tip != best.Tip() {
					h.Errorf("synced at block %d of the branch", st.Tip.Height)
				}
			})
		})
	}
}

// TestASilentPeerOfTheSameHeightCostsLittle has a peer that claims the height of the others
// say nothing: the client waits for it as long as an honest one takes. One that connects
// later does not change that the client is synced.
func TestASilentPeerOfTheSameHeightCostsLittle(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency, host: "10.0.0.1"})
		h.net.join(&fakePeer{chain: c, silentHeaders: true, trip: latency, host: "10.0.0.2"})
		h.start()
		began := time.Now()
		h.untilSyncedTo(time.Minute, c)
		if took := time.Since(began); took > headersync.AnswerGrace {
			h.Errorf("synced after %v", took)
		}
		h.net.join(&fakePeer{chain: c, silentHeaders: true, trip: latency, host: "10.0.0.3"})
		for range 20 {
			h.pass(100 * time.Millisecond)
			if st := h.syncer.Status(); !st.Synced {
				h.Fatalf("no longer synced: %s", st.Reason)
			}
		}
	})
}

// TestNotSyncedBeforeTheDialsInProgressHaveEnded: at a start and after all peers were lost,
// a first peer with less than others that are being dialled does not make the status
// synced, until the dials have ended or headersync.GatherTime has passed.
func TestNotSyncedBeforeTheDialsInProgressHaveEnded(t *testing.T) {
	c := generate(t, 2000, nil)
	short := c.Fork(1500, 0, 0)
	inHouse(t, c, nil, func(h *house) {
		h.net.dial(2)
		h.start()
		h.pass(100 * time.Millisecond)
		first := h.net.join(&fakePeer{chain: short, latency: latency})
		h.net.dial(-1)
		h.until(5*time.Second, "waiting", func(st Status) bool {
			return !st.Synced && st.Reason == "1 peer connected: waiting for the connections to others that are being made."
		})
		h.pass(time.Second)
		second := h.net.join(&fakePeer{chain: c, latency: latency})
		h.net.dial(-1)
		if st := h.until(time.Minute, "synced", Synced); st.Tip != c.Tip() {
			h.Errorf("synced at block %d of %d", st.Tip.Height, c.Height())
		}

		h.net.leave(first)
		h.net.leave(second)
		h.until(time.Second, "alone", func(st Status) bool { return st.Peers == 0 })
		h.net.dial(1) // never ends
		began := time.Now()
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.untilSyncedTo(time.Minute, c)
		if took := time.Since(began); took < headersync.GatherTime || took > headersync.GatherTime+time.Second {
			h.Errorf("synced after %v, want about %v", took, headersync.GatherTime)
		}
	})
}
