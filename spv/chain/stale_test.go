package chain

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// TestStaleBlocksAreKept: blocks that left the main chain are described as on the branch
// that they are part of, also after a restart, until they are back on the main chain.
func TestStaleBlocksAreKept(t *testing.T) {
	p, r := consensus.SimNet(), random(77)
	a := newTestChain(t, p).mine(t, p, r, 40, 10, 1)
	b := a.fork(35).mine(t, p, r, 7, 10, 1)
	c3 := b.fork(38).mine(t, p, r, 7, 10, 1)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.feed(t, p, c, 0, 40, 1)
	mustFlush(t, c)
	if _, err := c.Stale(a.id(40).Hash); !errors.Is(err, ErrNotFound) {
		t.Errorf("a block of the main chain: %v", err)
	}
	b.feed(t, p, c, 35, 40, 1)
	mustFlush(t, c)
	wantStale(t, c, a, 35)
	c3.feed(t, p, c, 38, 40, 1)
	mustFlush(t, c)
	for range 2 {
		wantStale(t, c, a, 35)
		wantStale(t, c, b, 38)
		tip, tips, err := c.StaleTips()
		if err != nil || tip != c3.id(45) || len(tips) != 2 || tips[0].BlockID != b.id(42) || tips[1].BlockID != a.id(40) {
			t.Errorf("tips below %v: %+v (%v)", tip, tips, err)
		}
		if _, err := c.Stale(chainhash.Hash{1}); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown block: %v", err)
		}
		if err := errors.Join(c.Check(t.Context()), c.Close()); err != nil {
			t.Fatal(err)
		}
		if c, err = Open(cfg); err != nil {
			t.Fatal(err)
		}
	}
	back := a.mine(t, p, r, 10, 10, 1)
	back.feed(t, p, c, 35, 40, 1)
	mustFlush(t, c)
	wantStale(t, c, b, 35)
	wantStale(t, c, c3, 35)
	if s, err := c.Stale(a.id(40).Hash); !errors.Is(err, ErrNotFound) {
		t.Errorf("a block that is back: %+v (%v)", s, err)
	}
	if err := errors.Join(c.Check(t.Context()), c.Close()); err != nil {
		t.Fatal(err)
	}
}

// wantStale checks the description of all blocks of a chain above a fork.
func wantStale(t *testing.T, c *Chain, of *testChain, fork consensus.Height) {
	t.Helper()
	for h := fork + 1; h <= of.height(); h++ {
		s, err := c.Stale(of.hashes[h])
		if err != nil {
			t.Errorf("stale block %d: %v", h, err)
			continue
		}
		var branch []consensus.BlockID
		for i := h; i > fork; i-- {
			branch = append(branch, of.id(i))
		}
		median := time.Unix(consensus.MedianTime(of.testBranch, h), 0)
		if s.BlockID != of.id(h) || s.Header != of.testBranch[h] || s.Fork != of.id(fork) || !slices.Equal(s.Branch, branch) ||
			!s.MedianTime.Equal(median) || s.Invalid {
			t.Errorf("stale block %d: got %+v", h, s)
		}
		work := consensus.Work(of.testBranch[0].Bits())
		for i := consensus.Height(1); i <= h; i++ {
			w := consensus.Work(of.testBranch[i].Bits())
			work.Add(&w)
		}
		if s.Work != work {
			t.Errorf("stale block %d: work %v, want %v", h, s.Work, work)
		}
	}
}

// TestStaleBlocksAreBounded: a store keeps few blocks of one height, and none that are
// far below the tip.
func TestStaleBlocksAreBounded(t *testing.T) {
	p := consensus.SimNet()
	c, err := Open(Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	genesis := p.Genesis()
	left := func(h consensus.Height, n uint64) staleHeader {
		header := genesis
		binary.LittleEndian.PutUint32(header[offHeight:], uint32(h))
		binary.LittleEndian.PutUint64(header[offExtraData:], n)
		return staleHeader{header, header.Hash()}
	}
	put := func(tip consensus.Height, list ...staleHeader) {
		t.Helper()
		if err := c.store.Update("test", func(tx *store.Txn) error { return writeStale(tx, list, tip) }); err != nil {
			t.Fatal(err)
		}
	}
	var all []staleHeader
	for n := range uint64(3 * stalePerHeight) {
		all = append(all, left(100, n))
	}
	put(100, all[:5]...)
	put(100, all...)
	put(100, all[len(all)-1])
	count := func() (heights []consensus.Height, blocks []staleHeader) {
		if err := c.store.View("test", func(tx *store.Txn) error {
			return eachStale(tx, 0, func(h consensus.Height, list []staleHeader) error {
				heights, blocks = append(heights, h), append(blocks, list...)
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
		return heights, blocks
	}
	if _, got := count(); !slices.Equal(got, all[len(all)-stalePerHeight:]) {
		t.Errorf("of one height %d blocks are kept, want the newest %d", len(got), stalePerHeight)
	}
	put(99+StaleBlocks, left(99+StaleBlocks, 1))
	if got, _ := count(); !slices.Equal(got, []consensus.Height{100, 99 + StaleBlocks}) {
		t.Errorf("kept %v", got)
	}
	put(100+StaleBlocks, left(100+StaleBlocks, 1), left(3, 1))
	if got, _ := count(); !slices.Equal(got, []consensus.Height{99 + StaleBlocks, 100 + StaleBlocks}) {
		t.Errorf("kept %v", got)
	}
	for range StaleBlocks + 10 {
		c.leave(&genesis, genesis.Hash())
	}
	if len(c.stale) != StaleBlocks {
		t.Errorf("%d blocks are staged", len(c.stale))
	}
}
