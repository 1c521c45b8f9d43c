package chain

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// The headers before one that breaks a rule stay, on the main chain and on a
// side branch that wins with them.
func TestHeadersBeforeABrokenOneStay(t *testing.T) {
	p, r := consensus.SimNet(), random(20)
	blocks := newTestChain(t, p).mine(t, p, r, 30, 10, 1)
	c := testStore(t, p)

	early := blocks.testBranch[20].Time().Add(-futureLimit) // block 21 is too far ahead
	ext, err := c.Extend(blocks.batch(t, p, 1, 30), 1, early)
	wantRule(t, err, consensus.RuleFutureTime)
	if ext.Added != 20 || c.Staged().Tip != blocks.id(20) {
		t.Fatalf("got %+v, tip %v", ext, c.Staged().Tip)
	}

	side := blocks.fork(10).mine(t, p, r, 25, 10, 1)
	early = side.testBranch[25].Time().Add(-futureLimit)
	ext, err = c.Extend(side.batch(t, p, 11, 35), 1, early)
	wantRule(t, err, consensus.RuleFutureTime)
	if ext.Added != 15 || ext.Reorg == nil || c.Staged().Tip != side.id(25) {
		t.Fatalf("got %+v, tip %v", ext, c.Staged().Tip)
	}
}

// A header whose parent is known at another height is at fault; one whose
// parent is not known is not.
func TestParentAtAnotherHeight(t *testing.T) {
	p, r := consensus.SimNet(), random(21)
	blocks := newTestChain(t, p).mine(t, p, r, 5000, 10, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	mustFlush(t, c)
	blocks.mine(t, p, r, 10, 10, 1).feed(t, p, c, 5000, 2000, 1)
	for _, parent := range []consensus.Height{3, 700, 4990, 5005, 5010} {
		b := childOf(blocks.hashes[parent], parent+2)
		_, err := c.Extend(b, 1, blocks.now())
		wantRule(t, err, consensus.RuleHeight)
	}
	_, err := c.Extend(childOf(chainhash.Hash{7}, 5011), 1, blocks.now())
	if !errors.Is(err, ErrOrphan) {
		t.Fatalf("want an orphan, got %v", err)
	}
}

// childOf makes a batch of one header that nothing holds for.
func childOf(parent chainhash.Hash, height consensus.Height) *consensus.HeaderBatch {
	var h consensus.Header
	copy(h[offPrevBlock:], parent[:])
	binary.LittleEndian.PutUint32(h[offHeight:], uint32(height))
	return &consensus.HeaderBatch{Headers: []consensus.Header{h}, Hashes: []chainhash.Hash{h.Hash()}}
}

// Below the newest waypoint that the chain has passed nothing is reorganised,
// and a waypoint is the only block at its height.
func TestWaypointsHold(t *testing.T) {
	p, r := consensus.SimNet(), random(22)
	blocks := newTestChain(t, p).mine(t, p, r, 60, 10, 1)
	p.Waypoints = []consensus.BlockID{blocks.id(20), blocks.id(40), blocks.id(55)}
	c := testStore(t, p)

	wrong := blocks.fork(19).mine(t, p, r, 5, 10, 1)
	_, err := c.Extend(wrong.batch(t, p, 1, 24), 1, wrong.now())
	wantRule(t, err, consensus.RuleWaypoint)
	if c.Staged().Tip != blocks.id(19) {
		t.Fatalf("tip %v", c.Staged().Tip)
	}
	if _, err := c.Extend(blocks.batch(t, p, 20, 50), 1, blocks.now()); err != nil {
		t.Fatal(err)
	}
	below := blocks.fork(39).mine(t, p, r, 30, 10, 1)
	_, err = c.Extend(below.batch(t, p, 40, 69), 1, below.now())
	wantRule(t, err, consensus.RuleWaypoint)

	above := blocks.fork(40).mine(t, p, r, 14, 10, 1)
	if ext, err := c.Extend(above.batch(t, p, 41, 54), 1, above.now()); err != nil || ext.Reorg == nil {
		t.Fatalf("got %+v, %v", ext, err)
	}
	_, err = c.Extend(above.mine(t, p, r, 1, 10, 1).batch(t, p, 55, 55), 1, above.now())
	wantRule(t, err, consensus.RuleWaypoint)
	if _, err := c.Extend(blocks.batch(t, p, 41, 60), 2, blocks.now()); err != nil {
		t.Fatal(err)
	}
	if c.Staged().Tip != blocks.id(60) {
		t.Fatalf("tip %v, want that of the known chain", c.Staged().Tip)
	}
}

// What there is no room for is weighed, and the branch wins with a batch that
// brings enough work, of which then everything is there.
func TestWeighedHeadersComeAgain(t *testing.T) {
	p, r := consensus.SimNet(), random(23)
	blocks := newTestChain(t, p).mine(t, p, r, 100, 10, 1)
	c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: 40, MaxSidePerSource: 30})
	blocks.feed(t, p, c, 0, 100, 1)
	side := blocks.fork(50).mine(t, p, r, 60, 10, 1)
	ext, err := c.Extend(side.batch(t, p, 51, 90), 2, side.now())
	if err != nil || ext.Side != 40 || headersIn(c.side) != 30 {
		t.Fatalf("got %+v, %v, and %d headers kept", ext, err, headersIn(c.side))
	}
	ext, err = c.Extend(side.batch(t, p, 71, 110), 2, side.now())
	if err != nil || ext.Known != 10 || ext.Added != 30 || ext.Reorg == nil {
		t.Fatalf("got %+v, %v", ext, err)
	}
	if n := len(ext.Reorg.Reverted); n != 50 {
		t.Fatalf("%d blocks reverted", n)
	}
	wantSoundSide(t, c)
}

// headersIn returns the number of headers of a tree.
func headersIn(t *sidetree.Tree) (n int) {
	for range t.All() {
		n++
	}
	return n
}

// wantSoundSide checks that every side branch is connected to the main chain.
func wantSoundSide(t *testing.T, c *Chain) {
	t.Helper()
	for h := range c.side.All() {
		hash, parent := h.Hash, h.PrevBlock()
		if c.side.Get(parent) == nil && !c.main.has(consensus.BlockID{Height: h.Height() - 1, Hash: parent}) {
			t.Fatalf("side header %v hangs in the air", hash)
		}
		if c.main.has(consensus.BlockID{Height: h.Height(), Hash: hash}) {
			t.Fatalf("side header %v is on the main chain", hash)
		}
	}
}

// Forgetting a source keeps its branches until there is need for their room.
func TestForget(t *testing.T) {
	p, r := consensus.SimNet(), random(24)
	blocks := newTestChain(t, p).mine(t, p, r, 30, 10, 1)
	side := blocks.fork(10).mine(t, p, r, 21, 10, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 100, 1)
	if _, err := c.Extend(side.batch(t, p, 11, 30), 2, side.now()); err != nil {
		t.Fatal(err)
	}
	c.Forget(2)
	ext, err := c.Extend(side.batch(t, p, 31, 31), 3, side.now())
	if err != nil || ext.Reorg == nil || c.Staged().Tip != side.id(31) {
		t.Fatalf("got %+v, %v", ext, err)
	}
}

// Appending to the main chain allocates nothing per header. In so many turns, what
// the rest of the process allocates is none.
func TestExtendMainAllocatesLittle(t *testing.T) {
	p, r := consensus.SimNet(), random(25)
	blocks := newTestChain(t, p).mine(t, p, r, 10_000, 10, 1)
	c := testStore(t, p)
	var batches []*consensus.HeaderBatch
	for from := consensus.Height(1); from < 10_000; from += 200 {
		batches = append(batches, blocks.batch(t, p, from, from+199))
	}
	now := blocks.now()
	allocs := testing.AllocsPerRun(len(batches)-1, func() {
		if _, err := c.Extend(batches[0], 1, now); err != nil {
			t.Fatal(err)
		}
		batches = batches[1:]
	})
	if allocs > 2 {
		t.Errorf("%v allocations for 200 headers", allocs)
	}
}
