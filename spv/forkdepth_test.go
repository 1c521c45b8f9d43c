package spv

import (
	"fmt"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/spv/consensus"
)

// TestBranchesOfEveryDepthAreLeft has the client synced to a branch of a peer that
// was alone, and then meet an honest peer whose chain has more work and leaves the
// branch any number of blocks below its tip. The honest peer answers from the first
// block of the locator that it has, which lies up to as far again below the fork.
func TestBranchesOfEveryDepthAreLeft(t *testing.T) {
	race.Skip(t)
	best := generate(t, 12_000, nil)
	for _, depth := range []consensus.Height{1, 9, 10, 500, 1999, 2000, 2056, 2080, 2103, 4104, 5000, 6199, 8200, 11_000, 11_999, 12_000} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			branch := best.Fork(best.Height()-depth, int(depth), 7)
			more := best.Outgrow(best.Height(), 1).Extend(3)
			inHouse(t, best, nil, func(h *house) {
				h.net.join(&fakePeer{chain: branch, latency: latency})
				h.start()
				h.untilSyncedTo(time.Minute, branch)
				h.net.join(&fakePeer{chain: more, latency: latency})
				h.untilSyncedTo(10*time.Second, more)
			})
		})
	}
}
