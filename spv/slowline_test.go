package spv

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// headerRequests returns how often peers were asked for headers.
func (n *fakeNet) headerRequests() (times int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.peers {
		for _, kind := range p.asked {
			if kind == "headers" {
				times++
			}
		}
	}
	return times
}

// TestHeadersComeOverSlowLines checks that a reply which takes longer than others are
// waited for counts when it comes, and that the next ones are given as much time
// instead of being asked for twice.
func TestHeadersComeOverSlowLines(t *testing.T) {
	const slow, batches = tailPatience + time.Second, 5
	c := generate(t, (batches-1)*fullBatch+500, testnet.Plan{})
	for name, points := range map[string][]consensus.BlockID{
		"walk":      nil,
		"waypoints": waypointsOf(c, 2*fullBatch),
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, c, nil, func(h *house) {
				h.withWaypoints(points)
				h.net.join(&fakePeer{chain: c, latency: slow})
				h.net.join(&fakePeer{chain: c, latency: slow})
				h.start()
				h.until((batches+1)*slow, "at the tip", func(st Status) bool { return st.Headers.Current == c.Height() })
				if n := h.net.headerRequests(); n > batches+1+len(h.net.peers) { // one twice; then each has its say
					t.Errorf("asked for headers %d times", n)
				}
				h.untilSyncedTo(time.Minute, c)
			})
		})
	}
}

// TestAWalkWaitsForTheFirstOfTwoReplies checks when a batch is asked for once more, and
// that it is not while nobody else can be asked.
func TestTheTailFetchWaitsForTheFirstOfTwoReplies(t *testing.T) {
	now := time.Unix(0, 0)
	var w tailFetch
	w.restart(false, now)
	may := func(peers int, after time.Duration, want bool) {
		t.Helper()
		if got := w.mayFetch(peers, now.Add(after)); got != want {
			t.Errorf("with %d tail peers after %v, a request may be made: %v", peers, after, got)
		}
	}
	may(0, 0, false)
	may(1, 0, true)
	w.ask(now)
	may(1, time.Hour, false)
	may(2, tailPatience-1, false)
	may(2, tailPatience, true)
	w.ask(now.Add(tailPatience))
	may(2, time.Hour, false)

	now = now.Add(2 * tailPatience)
	if n := w.arrived(make([]byte, fullBatch*headerStride), now); n != 0 {
		t.Errorf("the first batch is number %d", n)
	}
	may(1, 0, true)
	w.ask(now)
	may(2, 4*tailPatience-1, false) // the one before took two
	may(2, 4*tailPatience, true)
}
