package chain

import (
	"path/filepath"
	"testing"
)

// A chain that was synced reads the same before and after it was reopened.
func TestChainKeepsWhatItWasGiven(t *testing.T) {
	p := SimNet()
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
	for _, h := range []Height{0, 1, 55, 56, 4095, 4096, 8191, 8192, 9999, 10_000} {
		wantBlock(t, c, blocks, h)
	}
}

// wantBlock compares what readers are told of one block.
func wantBlock(t *testing.T, c *Chain, want *testChain, h Height) {
	t.Helper()
	if got, err := c.Header(h); err != nil || got != want.branch[h] {
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
	if got, err := c.MedianTime(h); err != nil || got.Unix() != MedianTime(want.branch, h) {
		t.Errorf("median time %d: got %v, %v, want %d", h, got, err, MedianTime(want.branch, h))
	}
	sum := Work(0)
	for i := range h + 1 {
		work := Work(want.branch[i].Bits())
		sum.Add(&work)
	}
	if got, err := c.WorkAt(h); err != nil || got != sum {
		t.Errorf("work at %d: got %v, %v, want %v", h, got, err, sum)
	}
}
