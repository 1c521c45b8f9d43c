package chain

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// headersAfter answers as HeadersAfter from the blocks, up to the last filter.
func (c *testChain) headersAfter(locator []chainhash.Hash, stop chainhash.Hash, most int, last consensus.Height) (out []consensus.Header) {
	at := func(hash chainhash.Hash) int {
		i := slices.Index(c.hashes, hash)
		if i > int(last) {
			return -1
		}
		return i
	}
	from := 1
	if len(locator) == 0 {
		if i := at(stop); i >= 0 {
			out = append(out, c.testBranch[i])
		}
		return out
	}
	for _, hash := range locator {
		if i := at(hash); i >= 0 {
			from = i + 1
			break
		}
	}
	for i := from; i <= int(last) && len(out) < most; i++ {
		out = append(out, c.testBranch[i])
		if c.hashes[i] == stop {
			break
		}
	}
	return out
}

// TestRangesAsAFullNodeReads: headers after locators and filters between blocks are those of the
// blocks, for random requests, on a chain that was reorganised and whose newest blocks have no
// filters yet, with rows in the file and in the write-ahead log.
func TestRangesAsAFullNodeReads(t *testing.T) {
	r := random(61)
	p := consensus.SimNet()
	old := newTestChain(t, p).mine(t, p, r, 4300, 20, 1)
	blocks := old.fork(4250).mine(t, p, r, 150, 20, 1)
	c := reopen(t, Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p})
	old.feed(t, p, c, 0, 2000, 1)
	old.feedFilters(t, p, c)
	mustFlush(t, c)
	blocks.feed(t, p, c, 4250, 2000, 2)
	const last = 4333
	if err := addUpTo(t, p, c, blocks, last); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)

	pick := func() chainhash.Hash {
		switch r.IntN(4) {
		case 0:
			return chainhash.Hash{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 1}
		case 1:
			return old.hashes[len(old.hashes)-1-r.IntN(80)]
		case 2:
			return blocks.hashes[len(blocks.hashes)-1-r.IntN(200)]
		}
		return blocks.hashes[r.IntN(len(blocks.hashes))]
	}
	for range 3000 {
		checkHeadersAfter(t, c, blocks, pick, r, last)
		checkFiltersBetween(t, c, blocks, pick, r, last)
		if t.Failed() {
			return
		}
	}
}

func checkHeadersAfter(t *testing.T, c *Chain, blocks *testChain, pick func() chainhash.Hash, r *rand.Rand, last consensus.Height) {
	t.Helper()
	locator := make([]chainhash.Hash, r.IntN(4))
	for i := range locator {
		locator[i] = pick()
	}
	stop, most := pick(), 1+r.IntN(300)
	var got []consensus.Header
	n, err := c.HeadersAfter(locator, stop, most, func(h *consensus.Header) { got = append(got, *h) })
	if want := blocks.headersAfter(locator, stop, most, last); err != nil || n != len(got) || !slices.Equal(got, want) {
		t.Errorf("after %v to %v, %d at most: %d headers, want %d: %v", locator, stop, most, len(got), len(want), err)
	}
}

func checkFiltersBetween(t *testing.T, c *Chain, blocks *testChain, pick func() chainhash.Hash, r *rand.Rand, last consensus.Height) {
	t.Helper()
	start, end, most := pick(), pick(), 1+r.IntN(100)
	from, to := slices.Index(blocks.hashes, start), slices.Index(blocks.hashes, end)
	if from >= 0 && r.IntN(2) == 0 { // else hardly any request would be right
		to = min(from+r.IntN(110), len(blocks.hashes)-1)
		end = blocks.hashes[to]
	}
	fine := from >= 0 && from <= to && to <= int(last) && to-from < most
	next := from
	err := c.FiltersBetween(start, end, most, func(hash *chainhash.Hash, filter []byte) {
		if *hash != blocks.hashes[next] || !bytes.Equal(filter, blocks.filters[next]) {
			t.Errorf("filter %d differs", next)
		}
		next++
	})
	switch {
	case fine && (err != nil || next != to+1):
		t.Errorf("filters %d-%d: came to %d: %v", from, to, next-1, err)
	case !fine && (!errors.Is(err, ErrNotFound) || next != from):
		t.Errorf("filters %d-%d, %d at most: %d came, %v", from, to, most, next-from, err)
	}
}

// TestUnprovenEarlyFiltersAreNotRead: other clients would blame us for them.
func TestUnprovenEarlyFiltersAreNotRead(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(62), 300, 30, 1)
	p := earlyParams(blocks, 200)
	c := reopen(t, Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p})
	blocks.feed(t, p, c, 0, 2000, 1)
	read := func(from, to int) error {
		return c.FiltersBetween(blocks.hashes[from], blocks.hashes[to], 100, func(*chainhash.Hash, []byte) {})
	}
	for _, last := range []consensus.Height{150, 300} {
		if err := addUpTo(t, p, c, blocks, last); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		if err := read(100, 150); (err == nil) != (last == 300) || err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("filters up to %d are there: %v", last, err)
		}
	}
	if err := read(199, 201); err != nil {
		t.Error(err)
	}
}
