package chain

import (
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// testChain is a simnet chain with filters, mined in memory, from the genesis
// block on.
type testChain struct {
	testBranch
	hashes  []chainhash.Hash
	filters [][]byte
}

func newTestChain(t testing.TB, p *consensus.Params) *testChain {
	t.Helper()
	filter, err := consensus.GenesisFilter(p)
	if err != nil {
		t.Fatal(err)
	}
	return &testChain{testBranch{p.Genesis()}, []chainhash.Hash{p.ChainParams.GenesisHash}, [][]byte{filter}}
}

// mine appends n blocks whose filters have up to twice the given size. The gaps
// are the times between blocks, in seconds, one after the other and again.
func (c *testChain) mine(t testing.TB, p *consensus.Params, r *rand.Rand, n, size int, gaps ...int64) *testChain {
	t.Helper()
	for i := range n {
		filter := make([]byte, r.IntN(2*size+1))
		for j := range filter {
			filter[j] = byte(r.Uint32())
		}
		gap := max(gaps[i%len(gaps)], consensus.MedianTime(c.testBranch, c.height())+1-c.tip().Timestamp())
		h := nextHeader(p, c.testBranch, gap)
		commitment := consensus.FilterHash(filter)
		copy(h[offStakeRoot:], commitment[:])
		binary.LittleEndian.PutUint64(h[offExtraData:], r.Uint64()) // no two blocks are the same
		solve(t, p, &h)
		c.testBranch = append(c.testBranch, h)
		c.hashes = append(c.hashes, h.Hash())
		c.filters = append(c.filters, filter)
	}
	return c
}

// fork returns a chain that has the blocks up to a height in common.
func (c *testChain) fork(h consensus.Height) *testChain {
	n := h + 1
	return &testChain{
		append(testBranch(nil), c.testBranch[:n]...),
		append([]chainhash.Hash(nil), c.hashes[:n]...),
		append([][]byte(nil), c.filters[:n]...),
	}
}

func (c *testChain) height() consensus.Height { return consensus.Height(len(c.testBranch)) - 1 }
func (c *testChain) id(h consensus.Height) consensus.BlockID {
	return consensus.BlockID{Height: h, Hash: c.hashes[h]}
}

// now is a time at which no block of the chain is in the future.
func (c *testChain) now() time.Time { return after(c.tip()) }

// batch returns the blocks from one height to another as they come out of
// PrepareHeaders.
func (c *testChain) batch(t testing.TB, p *consensus.Params, from, to consensus.Height) *consensus.HeaderBatch {
	t.Helper()
	b, err := consensus.PrepareHeaders(p, headersPayload(c.testBranch[from:to+1]))
	if err != nil {
		t.Fatalf("prepare headers %d to %d: %v", from, to, err)
	}
	return b
}

// filterBatch returns filters as they come out of ProveFilters.
func (c *testChain) filterBatch(t testing.TB, p *consensus.Params, targets []consensus.FilterTarget) *consensus.FilterBatch {
	t.Helper()
	payload := []byte{byte(len(targets))}
	for _, target := range targets {
		filter := c.filters[target.Height]
		payload = append(payload, target.Hash[:]...)
		payload = appendVarint(payload, len(filter))
		payload = append(payload, filter...)
		payload = append(payload, 0, 0, 0, 0, 0) // index 0, no hashes
	}
	b, err := consensus.ProveFilters(p, targets, payload)
	if err != nil {
		t.Fatalf("prove filters from %d: %v", targets[0].Height, err)
	}
	return b
}

// appendVarint encodes a number as the wire protocol does.
func appendVarint(b []byte, n int) []byte {
	if n < 0xfd {
		return append(b, byte(n))
	}
	if n <= 0xffff {
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
}

// feed extends a chain with the blocks above a height, in messages of the
// given size.
func (c *testChain) feed(t testing.TB, p *consensus.Params, to *Chain, above consensus.Height, size int, source uint64) {
	t.Helper()
	for from := above + 1; from <= c.height(); from += consensus.Height(size) {
		b := c.batch(t, p, from, min(from+consensus.Height(size)-1, c.height()))
		if _, err := to.Extend(b, source, c.now()); err != nil {
			t.Fatal(err)
		}
	}
}

// feedFilters stages all filters that a chain wants.
func (c *testChain) feedFilters(t testing.TB, p *consensus.Params, to *Chain) {
	t.Helper()
	for {
		targets, err := to.FilterTargets(to.Staged().Filters.Height+1, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(targets) == 0 {
			return
		}
		if err := to.AddFilters(c.filterBatch(t, p, targets)); err != nil {
			t.Fatal(err)
		}
	}
}

// testStore opens a chain in a directory of the test and closes it with it.
func testStore(t testing.TB, p *consensus.Params) *Chain {
	t.Helper()
	return reopen(t, Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p})
}

func reopen(t testing.TB, cfg Config) *Chain {
	t.Helper()
	cfg.noSync = true
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func mustFlush(t testing.TB, c *Chain) {
	t.Helper()
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if c.Pending() != 0 {
		t.Fatalf("%d bytes are pending after a flush", c.Pending())
	}
}

func mustCheck(t testing.TB, c *Chain) {
	t.Helper()
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// wantChain compares all that readers see with a chain.
func wantChain(t testing.TB, c *Chain, want *testChain) {
	t.Helper()
	st := c.State()
	if st.Tip != want.id(want.height()) || st.Filters != st.Tip || !st.TipTime.Equal(want.tip().Time()) {
		t.Fatalf("state %+v, want tip %v", st, want.id(want.height()))
	}
	next := consensus.Height(0)
	err := c.Scan(0, st.Tip.Height, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		if id != want.id(next) || *h != want.testBranch[next] || string(filter) != string(want.filters[next]) {
			t.Fatalf("scan: block %d is not the one that was added", next)
		}
		next++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if next != want.height()+1 {
		t.Fatalf("scan ended after %d of %d blocks", next, want.height()+1)
	}
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
