package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// TestSlowLines checks that a sync goes on where a batch of headers takes seconds on
// every line, and that what comes slowly is not fetched over and over.
func TestSlowLines(t *testing.T) {
	slow := link.Shape{Latency: 100 * time.Millisecond, Bandwidth: 50_000}
	for name, heights := range map[string][]consensus.Height{"walk": nil, "waypoints": {2200}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, trunk(), func(w *world) {
				w.honestNodes(8, slow)
				w.makePool()
				params := *w.cfg.Params
				params.Waypoints = slices.Clone(params.Waypoints)
				for _, h := range heights {
					params.Waypoints = append(params.Waypoints, w.best.ID(h))
				}
				w.cfg.Params = &params
				w.startClient()
				w.mustSync(time.Minute)
				sent, size := int64(0), int64(0)
				for _, h := range w.honest {
					sent += h.Node.Traffic().BytesOut.Load()
				}
				for h := range w.best.Height() + 1 {
					size += consensus.HeaderSize + int64(len(w.best.Filter(h)))
				}
				if sent > 3*size {
					t.Errorf("%d bytes were sent for %d", sent, size)
				}
			})
		})
	}
}
