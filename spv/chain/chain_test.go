package chain

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// A chain that was synced reads the same before and after it was reopened.
func TestChainKeepsWhatItWasGiven(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(1), 10_000, 150, 1, 0, 2)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	if c.State().Tip.Height != 0 {
		t.Fatal("readers see what is not flushed")
	}
	mustFlush(t, c)
	wantChain(t, c, blocks)
	mustCheck(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = reopen(t, cfg)
	wantChain(t, c, blocks)
	mustCheck(t, c)
	for _, h := range []consensus.Height{0, 1, 55, 56, 4095, 4096, 8191, 8192, 9999, 10_000} {
		wantBlock(t, c, blocks, h)
	}
}

// A reorganisation that reaches far below what is in memory, to a chain that is
// much shorter, leaves nothing of the old one on disk; and back again.
func TestReorganisationToShorterChain(t *testing.T) {
	p, r := consensus.SimNet(), random(2)
	long := newTestChain(t, p).mine(t, p, r, 9000, 50, 1)
	short := long.fork(100).mine(t, p, r, 80, 50, 0)
	longer := long.fork(8500).mine(t, p, r, 80, 50, 0)
	c := testStore(t, p)
	for _, next := range []struct {
		chain *testChain
		above consensus.Height
	}{{long, 0}, {short, 100}, {longer, 8500}} {
		next.chain.feed(t, p, c, next.above, 2000, 1)
		if got := c.Staged().Tip; got != next.chain.id(next.chain.height()) {
			t.Fatalf("tip %v, want %v", got, next.chain.id(next.chain.height()))
		}
		next.chain.feedFilters(t, p, c)
		mustFlush(t, c)
		wantChain(t, c, next.chain)
		mustCheck(t, c)
	}
	wantBlock(t, c, longer, 4095)
	if _, err := c.HeightOf(short.hashes[110]); !errors.Is(err, ErrNotFound) {
		t.Fatalf("a reverted block is found: %v", err)
	}
}

// wantBlock compares what readers are told of one block.
func wantBlock(t *testing.T, c *Chain, want *testChain, h consensus.Height) {
	t.Helper()
	if got, err := c.Header(h); err != nil || got != want.testBranch[h] {
		t.Errorf("header %d is not the one that was added: %v", h, err)
	}
	if got, err := c.Hash(h); err != nil || got != want.hashes[h] {
		t.Errorf("hash %d: got %v, %v, want %v", h, got, err, want.hashes[h])
	}
	if got, err := c.HeightOf(want.hashes[h]); err != nil || got != h {
		t.Errorf("height of block %d: got %d, %v", h, got, err)
	}
	if got, err := c.Filter(h); err != nil || string(got) != string(want.filters[h]) {
		t.Errorf("filter %d is not the one that was added: %v", h, err)
	}
	if got, err := c.MedianTime(h); err != nil || got.Unix() != consensus.MedianTime(want.testBranch, h) {
		t.Errorf("median time %d: got %v, %v, want %d", h, got, err, consensus.MedianTime(want.testBranch, h))
	}
	sum := consensus.Work(0)
	for i := range h + 1 {
		work := consensus.Work(want.testBranch[i].Bits())
		sum.Add(&work)
	}
	if got, err := c.WorkAt(h); err != nil || got != sum {
		t.Errorf("work at %d: got %v, %v, want %v", h, got, err, sum)
	}
}
