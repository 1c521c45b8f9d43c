package chain

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// TestStoreThatContradictsAWaypoint holds that a chain stored before a waypoint was known
// counts as one without it: the store says so when it is opened, and a branch that
// holds the waypoint wins with less work, also one that is too long to keep.
func TestStoreThatContradictsAWaypoint(t *testing.T) {
	for _, most := range []int{0, 40} {
		p, r := consensus.SimNet(), random(88)
		honest := newTestChain(t, p).mine(t, p, r, 120, 10, 1)
		misled := honest.fork(30).mine(t, p, r, 180, 10, 1) // up to block 210
		file := filepath.Join(t.TempDir(), "chain.db")
		c := reopen(t, Config{Path: file, Params: p})
		misled.feed(t, p, c, 0, 2000, 1)
		misled.feedFilters(t, p, c)
		mustFlush(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}

		known := *p
		known.Waypoints = []consensus.BlockID{honest.id(20), honest.id(60), honest.id(100)}
		c = reopen(t, Config{Path: file, Params: &known, MaxSide: most})
		if got := c.Contradicted(); !slices.Equal(got, known.Waypoints[1:]) {
			t.Fatalf("room for %d: contradicts %v", most, got)
		}
		below := honest.fork(19).mine(t, p, r, 5, 10, 1)
		_, err := c.Extend(below.batch(t, p, 20, 20), 3, below.now())
		wantRule(t, err, consensus.RuleWaypoint)
		for walkTo(t, &known, c, honest, 15, 2) {
		}
		if got := c.Staged().Tip; got != honest.id(120) {
			t.Fatalf("room for %d: tip %v, want that of the known chain", most, got)
		}
		if got := c.Contradicted(); len(got) != 0 {
			t.Fatalf("room for %d: still contradicts %v", most, got)
		}
		_, err = c.Extend(misled.batch(t, p, 31, 210), 1, misled.now())
		wantRule(t, err, consensus.RuleWaypoint)
		honest.feedFilters(t, p, c)
		mustFlush(t, c)
		mustCheck(t, c)
	}
}
