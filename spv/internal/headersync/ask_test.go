package headersync

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// TestRepliesThatGoBack checks which replies lead in a circle: those that contain a
// block that they were to begin after, or before which they were to end.
func TestRepliesThatGoBack(t *testing.T) {
	c := generate(t, 60)
	ours := []chainhash.Hash{c.ID(50).Hash, c.ID(40).Hash, c.ID(20).Hash, c.ID(0).Hash}
	for _, tc := range []struct {
		name    string
		from    consensus.Height // of c, up to its tip
		to      consensus.Height
		locator []chainhash.Hash
		back    bool
	}{
		{"the next ones", 51, 60, ours, false},
		{"from an older block, as of a chain that left ours", 41, 49, ours, false},
		{"from an older block, and with a newer one", 41, 50, ours, true},
		{"all over again", 1, 60, ours, true},
		{"nothing", 51, 50, ours, false},
		{"from the first block, as asked", 1, 60, []chainhash.Hash{c.ID(0).Hash}, false},
	} {
		batch, err := consensus.PrepareHeaders(c.Params(), c.HeadersPayload(tc.from, tc.to))
		if err != nil {
			t.Fatal(err)
		}
		if got := goesBack(tc.locator, batch); got != tc.back {
			t.Errorf("%s: goes back %v", tc.name, got)
		}
	}
}
