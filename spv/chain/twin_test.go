package chain

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// twin is what a chain has to be, done in the simplest way that comes to mind:
// all headers in a map, all work summed up from the genesis block on.
type twin struct {
	p       *consensus.Params
	known   map[chainhash.Hash]consensus.Header
	tip     chainhash.Hash
	filters consensus.Height
}

func newTwin(p *consensus.Params) *twin {
	return &twin{p: p, known: map[chainhash.Hash]consensus.Header{p.ChainParams.GenesisHash: p.Genesis()}, tip: p.ChainParams.GenesisHash}
}

// chain returns the branch that ends in a block.
func (w *twin) chain(tip chainhash.Hash) []chainhash.Hash {
	h := w.known[tip]
	hashes := make([]chainhash.Hash, h.Height()+1)
	for i := h.Height(); i >= 0; i-- {
		hashes[i] = tip
		h = w.known[tip]
		tip = h.PrevBlock()
	}
	return hashes
}

// work returns the work of the branch that ends in a block.
func (w *twin) work(tip chainhash.Hash) *big.Int {
	sum := new(big.Int)
	for _, hash := range w.chain(tip) {
		h := w.known[hash]
		work := standalone.CalcWork(h.Bits())
		sum.Add(sum, work)
	}
	return sum
}

// extend takes a batch, and returns whether it connects.
func (w *twin) extend(b *consensus.HeaderBatch) bool {
	if _, ok := w.known[b.Headers[0].PrevBlock()]; !ok {
		return false
	}
	for i, hash := range b.Hashes {
		w.known[hash] = b.Headers[i]
	}
	last := b.Hashes[len(b.Hashes)-1]
	if w.work(last).Cmp(w.work(w.tip)) > 0 {
		old := w.chain(w.tip)
		w.tip = last
		for h, hash := range w.chain(last) {
			if h < len(old) && old[h] == hash {
				continue
			}
			w.filters = min(w.filters, consensus.Height(h)-1)
			break
		}
	}
	return true
}

// crash forgets all but a chain that was flushed.
func (w *twin) crash(tip chainhash.Hash, filters consensus.Height) {
	kept := map[chainhash.Hash]consensus.Header{}
	for _, hash := range w.chain(tip) {
		kept[hash] = w.known[hash]
	}
	w.known, w.tip, w.filters = kept, tip, filters
}

// forest is a tree of blocks: a chain for each of its tips.
type forest []*testChain

// plant mines a tree: branches that leave others anywhere and differ in how
// fast, and so at what difficulty, their blocks come.
func plant(t *testing.T, p *consensus.Params, r *rand.Rand, branches, length int) forest {
	trees := forest{newTestChain(t, p).mine(t, p, r, 30, 20, 1)}
	for range branches {
		from := trees[r.IntN(len(trees))]
		c := from.fork(consensus.Height(r.IntN(len(from.testBranch))))
		gaps := []int64{int64(r.IntN(2)), 1, int64(r.IntN(3))}
		trees = append(trees, c.mine(t, p, r, 1+r.IntN(length), 20, gaps...))
	}
	return trees
}

// message returns a random run of headers of a random branch.
func (f forest) message(t *testing.T, p *consensus.Params, r *rand.Rand) *consensus.HeaderBatch {
	c := f[r.IntN(len(f))]
	from := 1 + r.IntN(int(c.height()))
	to := min(from+r.IntN(12), int(c.height()))
	return c.batch(t, p, consensus.Height(from), consensus.Height(to))
}

// of returns the branch that a block is on.
func (f forest) of(hash chainhash.Hash) *testChain {
	for _, c := range f {
		for h := range c.hashes {
			if c.hashes[h] == hash {
				return c.fork(consensus.Height(h))
			}
		}
	}
	return nil
}

// Whatever the order in which headers come, in whatever batches, and however
// often the process dies, the chain is the branch that its twin finds by force.
func TestChainEqualsTwin(t *testing.T) {
	for seed := range uint64(5 * *histories) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { compareWithTwin(t, seed) })
	}
}

// pair is a chain and its twin, and the write that the chain has begun.
type pair struct {
	p     *consensus.Params
	r     *rand.Rand
	cfg   Config
	chain *Chain
	twin  *twin
	trees forest

	write   *Write
	taken   place // what the write has taken
	done    bool  // it is committed
	flushed place // what readers have to see
}

// place is how far a chain goes.
type place struct {
	tip     chainhash.Hash
	filters consensus.Height
}

func (w *twin) place() place { return place{w.tip, w.filters} }

func compareWithTwin(t *testing.T, seed uint64) {
	y := &pair{p: consensus.SimNet(), r: random(seed)}
	y.trees = plant(t, y.p, y.r, 12, 60)
	y.cfg = Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: y.p, recent: 1 << y.r.IntN(8)}
	y.chain, y.twin = reopen(t, y.cfg), newTwin(y.p)
	y.flushed = y.twin.place()
	for range 400 {
		switch n := y.r.IntN(24); {
		case n < 15:
			extendBoth(t, y.chain, y.twin, y.trees.message(t, y.p, y.r))
		case n < 17:
			addSomeFilters(t, y.p, y.r, y.chain, y.twin, y.trees)
		case n < 23:
			y.goOnWriting(t)
			wantTwin(t, y.chain, y.twin, y.flushed)
		default:
			y.crash(t)
		}
		y.wantStaged(t)
	}
	if y.write != nil {
		y.chain.Finish(y.write)
	}
	mustFlush(t, y.chain)
	wantTwin(t, y.chain, y.twin, y.twin.place())
	mustCheck(t, y.chain)
}

// goOnWriting takes the next step of writing: it begins, commits or settles a
// write, which has not always been committed by then, or does all at once.
func (y *pair) goOnWriting(t *testing.T) {
	t.Helper()
	switch {
	case y.write == nil && y.r.IntN(3) == 0:
		mustFlush(t, y.chain)
		y.flushed = y.twin.place()
	case y.write == nil:
		var err error
		if y.write, err = y.chain.Begin(); err != nil {
			t.Fatal(err)
		}
		y.taken, y.done = y.twin.place(), false
	case !y.done && y.r.IntN(4) > 0:
		if err := y.write.Commit(); err != nil {
			t.Fatal(err)
		}
		y.flushed, y.done = y.taken, true
	default:
		y.chain.Finish(y.write)
		y.write = nil
	}
}

// crash kills the process: what is not on disk is forgotten.
func (y *pair) crash(t *testing.T) {
	t.Helper()
	y.twin.crash(y.flushed.tip, y.flushed.filters)
	if err := y.chain.Close(); err != nil {
		t.Fatal(err)
	}
	y.chain, y.write = reopen(t, y.cfg), nil
}

// wantStaged compares what is staged, and whether there is anything to write.
func (y *pair) wantStaged(t *testing.T) {
	t.Helper()
	got, want := y.chain.Staged(), y.twin.place()
	if got.Tip.Hash != want.tip || got.Filters.Height != want.filters {
		t.Fatalf("staged tip %v, filters %d; want %v, %d", got.Tip, got.Filters.Height, want.tip, want.filters)
	}
	covered := y.flushed
	if y.write != nil {
		covered = y.taken
	}
	if pending := y.chain.Pending(); pending < 0 || pending == 0 && covered != want {
		t.Fatalf("%d bytes are pending between %v and %v", pending, covered, want)
	}
}

// extendBoth gives a batch to both and compares what they say.
func extendBoth(t *testing.T, c *Chain, w *twin, b *consensus.HeaderBatch) {
	t.Helper()
	known := 0
	for _, hash := range b.Hashes {
		if _, ok := w.known[hash]; ok {
			known++
		}
	}
	before := w.chain(w.tip)
	connects := w.extend(b)
	last := b.Headers[len(b.Headers)-1]
	ext, err := c.Extend(b, 1+uint64(known%3), after(&last))
	if !connects {
		if !errors.Is(err, ErrOrphan) {
			t.Fatalf("want an orphan, got %+v, %v", ext, err)
		}
		return
	}
	if err != nil || ext.Known != known || ext.Added+ext.Side+ext.Known != len(b.Headers) {
		t.Fatalf("%d headers of which %d are known: got %+v, %v", len(b.Headers), known, ext, err)
	}
	wantReorg(t, ext.Reorg, before, w.chain(w.tip))
}

// wantReorg compares a reorganisation with the chains before and after it.
func wantReorg(t *testing.T, r *Reorganisation, before, now []chainhash.Hash) {
	t.Helper()
	fork := 0
	for fork+1 < min(len(before), len(now)) && before[fork+1] == now[fork+1] {
		fork++
	}
	if fork == len(before)-1 {
		if r != nil {
			t.Fatalf("nothing was reverted, got %+v", r)
		}
		return
	}
	if r == nil {
		t.Fatalf("block %d was reverted, got no reorganisation", fork+1)
	}
	if r.Fork.Hash != before[fork] || r.From.Hash != before[len(before)-1] || r.To.Hash != now[len(now)-1] || len(r.Reverted) != len(before)-1-fork {
		t.Fatalf("fork at %d: got %+v", fork, r)
	}
	for i, id := range r.Reverted {
		if h := len(before) - 1 - i; id != (consensus.BlockID{Height: consensus.Height(h), Hash: before[h]}) {
			t.Fatalf("reverted block %d: got %v", h, id)
		}
	}
}

// addSomeFilters stages a few filters, or some of another branch that have to
// be refused.
func addSomeFilters(t *testing.T, p *consensus.Params, r *rand.Rand, c *Chain, w *twin, trees forest) {
	t.Helper()
	targets, err := c.FilterTargets(w.filters+1, 1+r.IntN(40))
	if err != nil {
		t.Fatal(err)
	}
	if len(targets) > 0 {
		if err := c.AddFilters(trees.of(w.tip).filterBatch(t, p, targets)); err != nil {
			t.Fatal(err)
		}
		w.filters = targets[len(targets)-1].Height
	}
	other := trees[r.IntN(len(trees))]
	h := w.filters + 1
	if h > other.height() {
		return
	}
	header := &other.testBranch[h]
	batch := other.filterBatch(t, p, []consensus.FilterTarget{{BlockID: other.id(h), Root: header.StakeRoot()}})
	main := w.chain(w.tip)
	if int(h) < len(main) && main[h] == other.hashes[h] {
		return
	}
	if err := c.AddFilters(batch); !errors.Is(err, ErrStale) {
		t.Fatalf("filter of another branch: got %v", err)
	}
}

// wantTwin compares what readers see with a chain that the twin had.
func wantTwin(t *testing.T, c *Chain, w *twin, at place) {
	t.Helper()
	st := c.State()
	if st.Tip.Hash != at.tip || st.Filters.Height != at.filters || st.Work.ToBig().Cmp(w.work(at.tip)) != 0 {
		t.Fatalf("state %+v, want tip %v, work %v, filters %d", st, at.tip, w.work(at.tip), at.filters)
	}
	for h, hash := range w.chain(at.tip) {
		if got, err := c.HeightOf(hash); err != nil || got != consensus.Height(h) {
			t.Fatalf("height of block %d: got %d, %v", h, got, err)
		}
		if got, err := c.Header(consensus.Height(h)); err != nil || got != w.known[hash] {
			t.Fatalf("header %d is not that of the twin: %v", h, err)
		}
	}
	if _, err := c.Header(st.Tip.Height + 1); !errors.Is(err, ErrNotFound) {
		t.Fatalf("header after the tip: got %v", err)
	}
	if _, err := c.Filter(st.Filters.Height + 1); !errors.Is(err, ErrNotFound) {
		t.Fatalf("filter after the last: got %v", err)
	}
}
