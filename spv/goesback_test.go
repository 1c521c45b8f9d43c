package spv

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
)

// TestWhoeverLeadsBackIsNotTakenForTheNext checks that a peer which has the tail fetch begin
// again, from where no block of the locator gives it away, does not make the client
// believe that the next one, which is led through what is known, has no more.
func TestWhoeverLeadsBackIsNotTakenForTheNext(t *testing.T) {
	race.Skip(t)
	const known = (headersync.MaxEmptyBatches + 3) * headersync.FullBatch
	c := generate(t, known+500, testnet.Plan{})
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency, leavesAt: known})
		h.start()
		h.until(time.Minute, "alone", func(st Status) bool { return st.Headers.Current >= known && st.Peers == 0 })
		h.net.join(&fakePeer{chain: c, latency: latency})
		var first consensus.BlockID
		h.until(time.Minute, "synced", func(st Status) bool {
			first = st.Tip
			return st.Synced
		})
		if first != c.Tip() {
			t.Errorf("said to be synced at block %d of %d", first.Height, c.Height())
		}
	})
}
