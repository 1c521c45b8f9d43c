package chain

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// earlyParams are those of a network where DCP0005 was not always active, and
// whose early filters are those of a chain.
func earlyParams(blocks *testChain, active consensus.Height) *consensus.Params {
	p := consensus.SimNet()
	p.DCP0005 = active
	early := consensus.NewEarlyFilterHash()
	for _, f := range blocks.filters[:active] {
		early.Add(f)
	}
	p.EarlyFilters = early.Sum()
	return p
}

// addUpTo stages filters in chunks up to a height, and returns the first error.
func addUpTo(t *testing.T, p *consensus.Params, c *Chain, blocks *testChain, last consensus.Height) error {
	t.Helper()
	for c.Staged().Filters.Height < last {
		next := c.Staged().Filters.Height + 1
		targets, err := c.FilterTargets(next, int(min(70, last-next+1)))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddFilters(blocks.filterBatch(t, p, targets)); err != nil {
			return err
		}
	}
	return nil
}

// Early filters are proven together when the last of them is there, however
// often the process is restarted on the way.
func TestEarlyFiltersAreProven(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(30), 600, 30, 1)
	p := earlyParams(blocks, 400)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	for _, stop := range []consensus.Height{100, 101, 399, 450, 600} {
		if err := addUpTo(t, p, c, blocks, stop); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		if got, want := c.State().EarlyProven, stop >= 399; got != want {
			t.Fatalf("filters up to %d are proven: %v", stop, got)
		}
		mustCheck(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c = reopen(t, cfg)
	}
	wantChain(t, c, blocks)
}

// The hash that is known may be that of the early filters and the one after them: then
// they are proven once that one is there.
func TestEarlyFiltersAreProvenWithTheNextOne(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(35), 300, 30, 1)
	p := earlyParams(blocks, 200)
	with := consensus.NewEarlyFilterHash()
	for _, f := range blocks.filters[:201] {
		with.Add(f)
	}
	p.EarlyFilters = with.Sum()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	for _, stop := range []consensus.Height{199, 200, 300} {
		if err := addUpTo(t, p, c, blocks, stop); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		if got, want := c.State().EarlyProven, stop >= 200; got != want {
			t.Fatalf("filters up to %d are proven: %v", stop, got)
		}
		mustCheck(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c = reopen(t, cfg)
		if got, want := c.State().EarlyProven, stop >= 200; got != want {
			t.Fatalf("opened again, filters up to %d are proven: %v", stop, got)
		}
	}
}

// When one of the early filters is wrong, the state says so, and from there on they can
// be dropped and the right ones added. What is kept stays unproven.
func TestWrongEarlyFilter(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(31), 300, 30, 1)
	p := earlyParams(blocks, 200)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	wrong := blocks.fork(300)
	wrong.filters[150] = []byte{1, 2, 3}
	for _, stop := range []consensus.Height{180, 300} {
		if err := addUpTo(t, p, c, wrong, stop); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		mustCheck(t, c)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = reopen(t, cfg)
	if st := c.State(); st.EarlyProven || st.Filters != blocks.id(300) {
		t.Fatalf("with a wrong filter: %+v", st)
	}
	var read [][]byte
	if err := c.EarlyFilters(100, func(h consensus.Height, filter []byte) {
		if h != 100+consensus.Height(len(read)) {
			t.Fatalf("filter %d after %d", h, len(read))
		}
		read = append(read, bytes.Clone(filter))
	}); err != nil || !slices.EqualFunc(read, wrong.filters[100:200], bytes.Equal) {
		t.Fatalf("%d filters read, %v", len(read), err)
	}
	if err := c.DropFilters(140); err != nil || c.Staged().Filters != blocks.id(140) {
		t.Fatalf("filters up to %d are left: %v", c.Staged().Filters.Height, err)
	}
	mustFlush(t, c)
	if _, err := c.Filter(141); !errors.Is(err, ErrNotFound) {
		t.Fatalf("filter 141 is still there: %v", err)
	}
	mustCheck(t, c)
	if err := addUpTo(t, p, c, blocks, 300); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	if !c.State().EarlyProven {
		t.Fatal("the right filters are not proven")
	}
	wantChain(t, c, blocks)
	mustCheck(t, c)
}

// A reorganisation below DCP0005 takes the hash over the early filters back,
// whether these are on disk or staged.
func TestReorganisationAmongEarlyFilters(t *testing.T) {
	for _, flushed := range []consensus.Height{0, 50, 120} {
		old := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(32), 150, 30, 1)
		blocks := old.fork(90).mine(t, consensus.SimNet(), random(33), 200, 30, 1)
		p := earlyParams(blocks, 250)
		c := testStore(t, p)
		old.feed(t, p, c, 0, 2000, 1)
		for _, stop := range []consensus.Height{flushed, 140} {
			if err := addUpTo(t, p, c, old, stop); err != nil {
				t.Fatal(err)
			}
			if stop == flushed {
				mustFlush(t, c)
			}
		}
		blocks.feed(t, p, c, 90, 2000, 1)
		if got, want := c.Staged().Filters.Height, consensus.Height(90); got != want {
			t.Fatalf("filters up to %d are left, want %d", got, want)
		}
		if err := addUpTo(t, p, c, blocks, 290); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		wantChain(t, c, blocks)
		mustCheck(t, c)
	}
}

// Filters of any size keep their bounds, and rows begin where they have to
// whatever the batches they came in.
func TestFiltersOfAllSizes(t *testing.T) {
	p, r := consensus.SimNet(), random(34)
	blocks := newTestChain(t, p)
	for _, size := range []int{0, 1, 60, 127, 128, 129, 4000, store.MaxRow, 20_000, 130_000} {
		blocks.mine(t, p, r, 6, size, 1)
	}
	blocks.mine(t, p, r, 9000, 0, 1) // empty filters: a row is full of sizes
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	for c.Staged().Filters.Height < blocks.height() {
		next := c.Staged().Filters.Height + 1
		last := min(blocks.height(), next+consensus.Height(r.IntN(300)))
		if err := addUpTo(t, p, c, blocks, last); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
	}
	wantChain(t, c, blocks)
	mustCheck(t, c)
}
