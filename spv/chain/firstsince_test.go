package chain

import (
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// The first block since a time is the one that a walk from the genesis block finds, whether it is
// on disk or staged.
func TestFirstSinceEqualsTwin(t *testing.T) {
	p, r := consensus.SimNet(), random(95)
	blocks := newTestChain(t, p).mine(t, p, r, 300, 1, 9, 0, 0, 40, 1)
	c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, recent: 64})
	blocks.fork(200).feed(t, p, c, 0, 2000, 1)
	mustFlush(t, c)
	blocks.feed(t, p, c, 200, 2000, 1)
	first, last := blocks.testBranch[0].Timestamp(), blocks.tip().Timestamp()
	for at := first - 2; at <= last+2; at += 7 {
		want := consensus.Never
		for h := range blocks.height() + 1 {
			if consensus.MedianTime(blocks.testBranch, h) >= at {
				want = h
				break
			}
		}
		if got, err := c.FirstSince(time.Unix(at, 0)); err != nil || got != want {
			t.Fatalf("first block since %d: got %d, %v, want %d", at, got, err, want)
		}
	}
}
