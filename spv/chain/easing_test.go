package chain

import (
	"math/big"
	"testing"

	"github.com/decred/dcrd/blockchain/standalone/v2"

	"github.com/spvd/spvd/spv/consensus"
)

// hardSimNet is the simulation network with 32 times its difficulty, where a target can
// become much easier.
func hardSimNet() *consensus.Params {
	p := consensus.SimNet()
	hard := *p.ChainParams
	hard.WorkDiffV2Blake3StartBits = 0x2003ffff
	p.ChainParams = &hard
	p.MaxEasing = 16
	return p
}

// naiveEasing is the judge of Chain.Easing: it compares all pairs of blocks of a chain from
// a height on.
func naiveEasing(t *testing.T, p *consensus.Params, c *testChain, from consensus.Height) uint64 {
	t.Helper()
	targets := make([]*big.Int, 0, len(c.testBranch)+1)
	for _, bits := range append(c.bits(), consensus.NextBits(p, c.testBranch, c.height(), c.tip().Timestamp()+1)) {
		targets = append(targets, standalone.CompactToBig(bits))
	}
	most := big.NewInt(1)
	for h := max(from, c.height()-easingBlocks, 1); h <= c.height()+1; h++ {
		for before := max(from, 1); before < h; before++ {
			if ratio := new(big.Int).Div(targets[h], targets[before]); ratio.Cmp(most) > 0 {
				most = ratio
			}
		}
	}
	return most.Uint64()
}

// bits returns the targets of all blocks.
func (c *testChain) bits() (bits []uint32) {
	for i := range c.testBranch {
		bits = append(bits, c.testBranch[i].Bits())
	}
	return bits
}

// TestEasing compares random chains, with gaps and reorganisations, with the judge.
func TestEasing(t *testing.T) {
	for seed := range uint64(6) {
		p, r := hardSimNet(), random(300+seed)
		gaps := make([]int64, 30)
		for i := range gaps {
			gaps[i] = r.Int64N(3)
			if r.IntN(10) == 0 {
				gaps[i] = r.Int64N(40)
			}
		}
		blocks := newTestChain(t, p).mine(t, p, r, 60, 1, gaps...)
		if seed%2 == 0 {
			p.Waypoints = []consensus.BlockID{blocks.id(20)}
		}
		c := testStore(t, p)
		for range 6 {
			blocks.feed(t, p, c, forkOf(c, blocks), 2000, 1)
			if c.Staged().Tip != blocks.id(blocks.height()) {
				t.Fatalf("tip %v", c.Staged().Tip)
			}
			e, err := c.Easing()
			if err != nil {
				t.Fatal(err)
			}
			if want := naiveEasing(t, p, blocks, c.lastWaypoint()); e.Times != want || e.TooEasy(p) != (want > 16) {
				t.Fatalf("seed %d, tip %d: %+v, want %d times", seed, blocks.height(), e, want)
			}
			if r.IntN(2) == 0 {
				mustFlush(t, c)
			}
			blocks.mine(t, p, r, 10, 1, gaps[r.IntN(len(gaps))])
			if r.IntN(2) == 0 { // with more work
				blocks = blocks.fork(blocks.height()-12).mine(t, p, r, 16, 1, 0, 1)
			}
		}
	}
}

// TestEasingBeginsAfterTheWaypoint holds that a network which really has lost its miners
// is believed from a later waypoint on.
func TestEasingBeginsAfterTheWaypoint(t *testing.T) {
	p, r := hardSimNet(), random(310)
	blocks := newTestChain(t, p).mine(t, p, r, 30, 1, 1).mine(t, p, r, 1, 1, 60).mine(t, p, r, 30, 1, 1)
	for _, waypoint := range []consensus.Height{10, 35} {
		p.Waypoints = []consensus.BlockID{blocks.id(waypoint)}
		c := testStore(t, p)
		blocks.feed(t, p, c, 0, 2000, 1)
		e, err := c.Easing()
		if err != nil || e.TooEasy(p) != (waypoint < 31) {
			t.Errorf("waypoint %d: %+v, %v", waypoint, e, err)
		}
	}
}

// TestEasingOfTheBlockToCome holds that a gap shows although the block after it took as
// much work as ever.
func TestEasingOfTheBlockToCome(t *testing.T) {
	p, r := hardSimNet(), random(311)
	blocks := newTestChain(t, p).mine(t, p, r, 30, 1, 1).mine(t, p, r, 1, 1, 60)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	if e, err := c.Easing(); err != nil || !e.TooEasy(p) || e.Easiest != 32 {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestEasingDoesNotCountTheSwitch holds that the change of the algorithm, after which
// blocks are counted in other hashes, is no easing.
func TestEasingDoesNotCountTheSwitch(t *testing.T) {
	p, r := consensus.SimNet(), random(312)
	p.DCP0011, p.ASERTAnchor, p.MaxEasing = 60, 59, 16
	blocks := newTestChain(t, p).mine(t, p, r, 59, 1, 0)
	if before := consensus.TimesEasier(p.ChainParams.WorkDiffV2Blake3StartBits, blocks.tip().Bits()); before <= p.MaxEasing {
		t.Fatalf("the switch makes blocks %d times easier: too little for this test", before)
	}
	c := testStore(t, p)
	for range 3 {
		blocks.feed(t, p, c, forkOf(c, blocks), 2000, 1)
		if e, err := c.Easing(); err != nil || e.TooEasy(p) {
			t.Errorf("tip %d: %+v, %v", blocks.height(), e, err)
		}
		blocks.mine(t, p, r, 1, 1, 1)
	}
}
