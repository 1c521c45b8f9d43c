package spv

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
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
	const slow, batches = headersync.TailPatience + time.Second, 5
	c := generate(t, (batches-1)*headersync.FullBatch+500, testnet.Plan{})
	for name, points := range map[string][]consensus.BlockID{
		"walk":      nil,
		"waypoints": waypointsOf(c, 2*headersync.FullBatch),
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
