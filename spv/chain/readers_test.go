package chain

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// follower is a reader that follows a chain as a wallet does: by updates from
// its own tip.
type follower struct {
	blocks []consensus.BlockID
}

// locator returns all of its blocks, newest first.
func (f *follower) locator() []consensus.BlockID {
	var ids []consensus.BlockID
	for i := len(f.blocks) - 1; i >= 0; i-- {
		ids = append(ids, f.blocks[i])
	}
	return ids
}

// apply takes an update, which has to start where the follower is.
func (f *follower) apply(u *Update) error {
	for _, id := range u.Reverted {
		if last := f.blocks[len(f.blocks)-1]; id != last {
			return fmt.Errorf("reverted %v where %v is the tip", id, last)
		}
		f.blocks = f.blocks[:len(f.blocks)-1]
	}
	for _, b := range u.Applied {
		last := f.blocks[len(f.blocks)-1]
		if b.Height != last.Height+1 || b.Header.PrevBlock() != last.Hash || b.Header.Hash() != b.Hash {
			return fmt.Errorf("applied %v on top of %v", b.BlockID, last)
		}
		f.blocks = append(f.blocks, b.BlockID)
	}
	return nil
}

// Readers on other goroutines always see one chain, whatever the writer does,
// also while it goes on under a commit, and nothing once it is closed.
func TestReadersWhileWriting(t *testing.T) {
	p, r := consensus.SimNet(), random(40)
	c := testStore(t, p)
	blocks := newTestChain(t, p)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() { followUntil(t, c, done) })
		readers.Go(func() { scanUntil(t, c, done) })
	}
	var commits sync.WaitGroup
	var write *Write
	for range 40 {
		above := blocks.height()
		if above > 30 && r.IntN(2) == 0 {
			above -= consensus.Height(r.IntN(30))
			blocks = blocks.fork(above)
		}
		blocks.mine(t, p, r, 31+r.IntN(100), 40, 2)
		blocks.feed(t, p, c, above, 2000, 1)
		blocks.feedFilters(t, p, c)
		commits.Wait()
		if write != nil {
			c.Finish(write)
		}
		var err error
		if write, err = c.Begin(); err != nil {
			t.Fatal(err)
		}
		commits.Go(func() {
			if err := write.Commit(); err != nil {
				t.Error(err)
			}
		})
	}
	commits.Wait()
	c.Finish(write)
	wantChain(t, c, blocks)
	close(done)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	readers.Wait()
}

// followUntil follows the chain until it is closed.
func followUntil(t *testing.T, c *Chain, done <-chan struct{}) {
	f := follower{blocks: []consensus.BlockID{{Hash: c.params.ChainParams.GenesisHash}}}
	for {
		u, err := c.Since(f.locator(), 50)
		if errors.Is(err, ErrClosed) && isClosed(done) {
			return
		}
		if err == nil {
			err = f.apply(&u)
		}
		if err != nil {
			t.Error(err)
			return
		}
		tip := f.blocks[len(f.blocks)-1]
		if h, err := c.HeightOf(tip.Hash); err == nil && h != tip.Height {
			t.Errorf("height of block %d: got %d", tip.Height, h)
		} else if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}

// scanUntil scans the chain again and again until it is closed.
func scanUntil(t *testing.T, c *Chain, done <-chan struct{}) {
	for {
		var last chainhash.Hash
		err := c.Scan(0, c.State().Filters.Height, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
			if id.Height > 0 && (h.PrevBlock() != last || consensus.FilterHash(filter) != h.StakeRoot()) {
				return fmt.Errorf("scan: block %d is not on top of the one before", id.Height)
			}
			last = id.Hash
			return nil
		})
		switch {
		case errors.Is(err, ErrClosed) && isClosed(done):
			return
		case err != nil && !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound):
			t.Error(err)
			return
		}
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// A scan says so when the chain is reorganised under it, and goes on when it
// only grows.
func TestScanNoticesReorganisation(t *testing.T) {
	p, r := consensus.SimNet(), random(41)
	blocks := newTestChain(t, p).mine(t, p, r, 3000, 300, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)

	grow := func() { blocks.mine(t, p, r, 1, 20, 1).feed(t, p, c, blocks.height()-1, 1, 1) }
	reorganise := func() {
		fork := blocks.height() - 1
		blocks = blocks.fork(fork).mine(t, p, r, 2, 20, 1)
		blocks.feed(t, p, c, fork, 2, 1)
	}
	for _, tc := range []struct {
		change func()
		want   error
	}{{grow, nil}, {reorganise, ErrStale}} {
		once := sync.OnceFunc(func() {
			tc.change()
			blocks.feedFilters(t, p, c)
			mustFlush(t, c)
		})
		err := c.Scan(0, c.State().Filters.Height, func(consensus.BlockID, *consensus.Header, []byte) error { once(); return nil })
		if !errors.Is(err, tc.want) {
			t.Errorf("want %v, got %v", tc.want, err)
		}
	}
}

// TestScanBounds checks that Scan ends at its bounds.
func TestScanBounds(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(42), 200, 300, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	if err := addUpTo(t, p, c, blocks, 150); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	for _, tc := range []struct{ from, to consensus.Height }{{0, 0}, {0, 150}, {7, 7}, {55, 57}, {150, 150}, {10, 9}} {
		next := tc.from
		err := c.Scan(tc.from, tc.to, func(id consensus.BlockID, _ *consensus.Header, filter []byte) error {
			if id != blocks.id(next) || string(filter) != string(blocks.filters[next]) {
				t.Errorf("scan from %d to %d: block %d is another", tc.from, tc.to, next)
			}
			next++
			return nil
		})
		if err != nil || next != max(tc.from, tc.to+1) {
			t.Errorf("scan from %d to %d ended before %d: %v", tc.from, tc.to, next, err)
		}
	}
	for _, tc := range []struct{ from, to consensus.Height }{{-1, 5}, {0, 151}, {180, 190}} {
		err := c.Scan(tc.from, tc.to, func(consensus.BlockID, *consensus.Header, []byte) error { return nil })
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("scan from %d to %d: got %v", tc.from, tc.to, err)
		}
	}
	stop := errors.New("enough")
	if err := c.Scan(0, 100, func(consensus.BlockID, *consensus.Header, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("want the error of the function, got %v", err)
	}
}

// Since finds the newest block that the locator and the chain have in common.
func TestSince(t *testing.T) {
	p, r := consensus.SimNet(), random(43)
	old := newTestChain(t, p).mine(t, p, r, 100, 20, 1)
	blocks := old.fork(90).mine(t, p, r, 60, 20, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	if err := addUpTo(t, p, c, blocks, 140); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	lost := []consensus.BlockID{old.id(100), old.id(99), old.id(91)}
	used := make([]Block, 15) // of something else
	for i := range used {
		used[i] = Block{BlockID: consensus.BlockID{Height: 7}, Msg: p.ChainParams.GenesisBlock}
	}
	for _, tc := range []struct {
		locator        []consensus.BlockID
		limit          int
		reverted, from int
		to             consensus.Height
		more           bool
	}{
		{[]consensus.BlockID{blocks.id(0)}, 10, 0, 1, 10, true},
		{[]consensus.BlockID{blocks.id(139)}, 10, 0, 140, 140, false},
		{[]consensus.BlockID{blocks.id(140)}, 10, 0, 141, 140, false},
		{[]consensus.BlockID{blocks.id(150)}, 10, 0, 151, 150, false}, // its filters were dropped
		{append(lost, old.id(90), old.id(50)), 20, 3, 91, 110, true},
		{append(lost, old.id(50), old.id(0)), 1000, 3, 51, 140, false},
		{[]consensus.BlockID{{Height: 500, Hash: blocks.hashes[5]}, {Height: -1, Hash: blocks.hashes[5]}, blocks.id(5)}, 0, 2, 6, 5, true},
	} {
		u, err := c.Since(tc.locator, tc.limit)
		if err != nil || len(u.Reverted) != tc.reverted || len(u.Applied) != int(tc.to)-tc.from+1 || u.More != tc.more {
			t.Errorf("since %v: %d reverted, %d applied, more %v, %v", tc.locator, len(u.Reverted), len(u.Applied), u.More, err)
			continue
		}
		for i, b := range u.Applied {
			h := consensus.Height(tc.from + i)
			if b.BlockID != blocks.id(h) || b.Header != blocks.testBranch[h] {
				t.Errorf("since %v: block %d is another", tc.locator, h)
			}
		}
		again, err := c.SinceIn(slices.Clone(used), tc.locator, tc.limit)
		if err != nil || again.More != u.More || !slices.Equal(again.Reverted, u.Reverted) || !slices.Equal(again.Applied, u.Applied) {
			t.Errorf("since %v in used memory: %d applied, %v, want %d as without", tc.locator, len(again.Applied), err, len(u.Applied))
		}
	}
	for _, locator := range [][]consensus.BlockID{nil, lost} {
		if _, err := c.Since(locator, 10); !errors.Is(err, ErrNotFound) {
			t.Errorf("since %v: got %v", locator, err)
		}
	}
}

// After Close everything says that the chain is closed.
func TestClosed(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(44), 10, 20, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	errs := map[string]error{"Flush": c.Flush(), "Check": c.Check(t.Context())}
	_, errs["Header"] = c.Header(0)
	_, errs["Hash"] = c.Hash(0)
	_, errs["HeightOf"] = c.HeightOf(blocks.hashes[0])
	_, errs["Filter"] = c.Filter(0)
	_, errs["MedianTime"] = c.MedianTime(0)
	_, errs["WorkAt"] = c.WorkAt(0)
	_, errs["Since"] = c.Since([]consensus.BlockID{blocks.id(0)}, 1)
	errs["Scan"] = c.Scan(0, 0, func(consensus.BlockID, *consensus.Header, []byte) error { return nil })
	for name, err := range errs {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if c.State().Tip.Height != 0 {
		t.Error("the state is gone")
	}
}

// The locator names the newest blocks one by one, then fewer and fewer, and at
// last the genesis block.
func TestLocator(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(45), 5000, 1, 1)
	c := testStore(t, p)
	for _, height := range []consensus.Height{0, 1, 9, 30, 5000} {
		blocks.fork(height).feed(t, p, c, c.Staged().Tip.Height, 2000, 1)
		got, err := c.Locator()
		if err != nil {
			t.Fatal(err)
		}
		want, step := []chainhash.Hash{}, consensus.Height(1)
		for h := height; h > 0; h -= step {
			want = append(want, blocks.hashes[h])
			if len(want) > denseLocator-1 {
				step += step
			}
		}
		want = append(want, p.ChainParams.GenesisHash)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("locator at %d: got %v, want %v", height, got, want)
		}
	}
}

// TestShortLocator: whatever block a peer has last of our chain, a short locator names one that
// is no more than eight times as far below the tip, and it has less than half of the hashes.
func TestShortLocator(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(45), 5000, 1, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	short, err := c.ShortLocator()
	if err != nil {
		t.Fatal(err)
	}
	long, err := c.Locator()
	if err != nil {
		t.Fatal(err)
	}
	if 2*len(short) >= len(long) {
		t.Errorf("%d hashes, a locator of full length has %d", len(short), len(long))
	}
	height := make(map[chainhash.Hash]int)
	for h, hash := range blocks.hashes {
		height[hash] = h
	}
	for last := range 5001 {
		named := slices.IndexFunc(short, func(hash chainhash.Hash) bool { return height[hash] <= last })
		if below, depth := 5000-height[short[named]], 5000-last; below > 8*depth+1 {
			t.Fatalf("a peer that has %d blocks less is asked for those after %d less", depth, below)
		}
	}
}
