package rescan

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// scanWorld is a chain in which some blocks match one of numbered scripts, with
// the open requests and matches that a plan has handed out.
type scanWorld struct {
	*testing.T
	r       *rand.Rand
	plan    *scanPlan
	tip     consensus.Height
	pays    map[consensus.Height]int // the script that a block matches
	watched int
	peers   int
	arrived map[consensus.Height]*wire.MsgBlock // that the wallet has not passed
	jobs    []scanJob
	fetches []hit
	matched map[[2]int]bool // blocks and scripts that have been held against each other
	hashes  int             // how often that was done
}

// scanJob is a stretch that is being matched against the scripts from one number
// to another.
type scanJob struct {
	*stretch
	first, last consensus.Height
	from, to    int
}

func newScanWorld(t *testing.T, seed uint64, tip consensus.Height, hits int) *scanWorld {
	w := &scanWorld{T: t, r: rand.New(rand.NewPCG(seed, 1)), plan: newScanPlan(idAt(0)), tip: tip,
		peers: int(seed % 9), arrived: make(map[consensus.Height]*wire.MsgBlock),
		pays: make(map[consensus.Height]int), watched: 1 + int(seed%3), matched: make(map[[2]int]bool)}
	for range hits {
		w.pays[1+consensus.Height(w.r.IntN(int(tip)))] = w.r.IntN(40)
	}
	return w
}

func idAt(h consensus.Height) consensus.BlockID {
	id := consensus.BlockID{Height: h}
	binary.LittleEndian.PutUint32(id.Hash[:], uint32(h))
	return id
}

// step does something that can be done next, and reports whether there was anything.
func (w *scanWorld) step(jobs int) bool {
	if s, ok := w.plan.take(w.tip, w.watched, jobs); ok {
		w.jobs = append(w.jobs, scanJob{s, s.first, s.last, s.watched, w.watched})
	}
	if h, ok := w.plan.fetch(w.peers); ok {
		w.fetches = append(w.fetches, h)
		w.checkBounds()
	}
	last, whole := w.plan.ready(w.tip, w.watched)
	switch n := w.r.IntN(3); {
	case n == 0 && len(w.jobs) > 0:
		w.finish(w.r.IntN(len(w.jobs)))
	case n == 1 && len(w.fetches) > 0:
		w.deliver(w.r.IntN(len(w.fetches)))
	case last > w.plan.base.Height && (whole || n == 2):
		w.apply(last)
	default:
		return len(w.jobs)+len(w.fetches) > 0
	}
	return true
}

// finish ends a job.
func (w *scanWorld) finish(i int) {
	j := w.jobs[i]
	w.jobs = slices.Delete(w.jobs, i, i+1)
	var found []hit
	for h := j.first; h <= j.last; h++ {
		script, pays := w.pays[h]
		if !pays || script < j.from || script >= j.to {
			continue
		}
		found = append(found, hit{BlockID: idAt(h), header: sized(100 << 10)})
		w.matched[[2]int{int(h), script}] = true
	}
	w.hashes += int(j.last-j.first+1) * (j.to - j.from)
	if !w.plan.matched(j.stretch, j.to, idAt(j.last), found) {
		w.Fatalf("blocks %d to %d are said to have changed", j.first, j.last)
	}
}

// sized returns a header of a block of a size.
func sized(n uint32) (h consensus.Header) {
	const offset = 132
	binary.LittleEndian.PutUint32(h[offset:], n)
	if h.Size() != n {
		panic("the size is somewhere else")
	}
	return h
}

// deliver ends a fetch.
func (w *scanWorld) deliver(i int) {
	h := w.fetches[i]
	w.fetches = slices.Delete(w.fetches, i, i+1)
	msg := w.block()
	w.plan.fetched(h.Height, msg, 7)
	if h.Height > w.plan.base.Height {
		w.arrived[h.Height] = msg
	}
	w.checkBounds()
}

// block returns a block that takes up to 600 kB when decoded.
func (w *scanWorld) block() *wire.MsgBlock {
	tx := wire.NewMsgTx()
	for range w.r.IntN(4) {
		tx.AddTxOut(wire.NewTxOut(1, make([]byte, w.r.IntN(200<<10))))
	}
	return &wire.MsgBlock{Transactions: []*wire.MsgTx{tx}}
}

// checkBounds checks what is on its way and held: no more requests than the live peers
// are good for, and no more memory than HeldBytes by a count of its own, except for one
// block that all others wait for and what blocks are larger by than was expected of
// those on their way.
func (w *scanWorld) checkBounds() {
	if n := len(w.fetches); n != w.plan.fetching || n > max(minFetches, w.peers*fetchesPerPeer) {
		w.Fatalf("%d blocks are on their way from %d peers, the plan counts %d", n, w.peers, w.plan.fetching)
	}
	held := 0
	for _, msg := range w.arrived {
		for _, out := range msg.Transactions[0].TxOut {
			held += len(out.PkScript)
		}
	}
	const largest, expected = 600 << 10, decodedCost * 100 << 10
	if most := HeldBytes + largest + len(w.arrived)*(largest-expected) + fetchCost; held > most {
		w.Fatalf("%d bytes are held in %d blocks", held, len(w.arrived))
	}
	if held > w.plan.size {
		w.Fatalf("%d bytes are held, the plan counts %d", held, w.plan.size)
	}
}

// apply takes the wallet to a height, on the way to which it may come to watch more.
func (w *scanWorld) apply(last consensus.Height) {
	have := make(map[consensus.Height]bool)
	for _, b := range w.plan.upTo(last) {
		have[b.Height] = true
	}
	for h := w.plan.base.Height + 1; h <= last; h++ {
		if script, pays := w.pays[h]; pays && script < w.watched && !have[h] {
			w.Fatalf("block %d, which matches script %d of %d, was not fetched", h, script, w.watched)
		}
	}
	if last-w.plan.base.Height > stepBlocks {
		w.Fatalf("a step of %d blocks", last-w.plan.base.Height)
	}
	if w.r.IntN(10) == 0 {
		w.watched = min(w.watched+1+w.r.IntN(3), 40)
	}
	w.plan.advance(idAt(last))
	maps.DeleteFunc(w.arrived, func(h consensus.Height, _ *wire.MsgBlock) bool { return h <= last })
}

// TestAScanFindsEverything holds that whatever the order in which jobs end, and
// however often the wallet grows, the wallet reaches the tip with each block that
// matches a script which was watched by then, that what is held is bounded, and that
// growing costs little: each block is held against each script at most once.
func TestAScanFindsEverything(t *testing.T) {
	for seed := range uint64(30) {
		w := newScanWorld(t, seed, 20_000+consensus.Height(seed)*6000, 200+int(seed%4)*700)
		for n := 0; w.plan.base.Height < w.tip; n++ {
			if !w.step(1+int(seed%5)) && n > 3_000_000 {
				t.Fatalf("seed %d: stuck at %d of %d: %+v", seed, w.plan.base.Height, w.tip, w.plan)
			}
		}
		if all := int(w.tip) * w.watched; w.hashes > all {
			t.Errorf("seed %d: %d hashes for %d blocks and %d scripts", seed, w.hashes, w.tip, w.watched)
		}
		if w.plan.size != 0 || w.plan.hits != 0 || len(w.plan.blocks) != 0 || len(w.plan.stretches) != 0 {
			t.Errorf("seed %d: something is left at the end: %+v", seed, w.plan)
		}
	}
}

// TestAScanWithoutScripts holds that nothing is matched then, and the wallet taken
// along in full steps.
func TestAScanWithoutScripts(t *testing.T) {
	p := newScanPlan(idAt(5))
	if _, ok := p.take(40_000, 0, 4); ok {
		t.Error("blocks are matched against nothing")
	}
	for _, want := range []consensus.Height{5 + stepBlocks, 5 + 2*stepBlocks, 40_000} {
		last, whole := p.ready(40_000, 0)
		if last != want || !whole {
			t.Fatalf("ready up to %d, %v, want %d", last, whole, want)
		}
		p.advance(idAt(last))
	}
	if s, ok := p.take(40_002, 1, 4); !ok || s.first != 40_001 || s.last != 40_002 {
		t.Errorf("got %+v once there is a script", s)
	}
}

// TestABlockThatIsLateBoundsTheScan holds that a block that does not come lets
// neither matches nor blocks pile up.
func TestABlockThatIsLateBoundsTheScan(t *testing.T) {
	w := newScanWorld(t, 1, 1_000_000, 0)
	for h := consensus.Height(1); h <= 300_000; h += 3 {
		w.pays[h] = 0
	}
	for range 200_000 {
		if s, ok := w.plan.take(w.tip, w.watched, 4); ok {
			w.jobs = append(w.jobs, scanJob{s, s.first, s.last, s.watched, w.watched})
			w.finish(0)
		}
		if h, ok := w.plan.fetch(8); ok && h.Height > 1 {
			w.plan.fetched(h.Height, &wire.MsgBlock{}, 7)
		} else if !ok {
			break
		}
	}
	if last, whole := w.plan.ready(w.tip, w.watched); last != 0 || whole {
		t.Errorf("ready up to %d, %v, without block 1", last, whole)
	}
	if w.plan.hits > aheadHits+stretchBlocks || w.plan.size > HeldBytes+decodedCost*100<<10+fetchCost || w.plan.next > aheadBlocks+2*stretchBlocks {
		t.Errorf("%d matches, %d bytes, up to %d", w.plan.hits, w.plan.size, w.plan.next)
	}
}

// TestAnotherChainIsNoticed holds that a stretch that ends in another block when it
// is matched again is not trusted.
func TestAnotherChainIsNoticed(t *testing.T) {
	p := newScanPlan(idAt(0))
	s, _ := p.take(100, 1, 1)
	if !p.matched(s, 1, idAt(100), nil) {
		t.Fatal("the first time")
	}
	if s, _ = p.take(100, 2, 1); s == nil || p.matched(s, 2, consensus.BlockID{Height: 100}, nil) {
		t.Error("another last block was taken")
	}
}

// TestSenderOfABlock: a block that is held is known with the peer that sent it.
func TestSenderOfABlock(t *testing.T) {
	id := consensus.BlockID{Height: 2, Hash: [32]byte{2}}
	p := newScanPlan(consensus.BlockID{})
	s, _ := p.take(4, 1, 1)
	if !p.matched(s, 1, consensus.BlockID{Height: 4}, []hit{{BlockID: id}}) {
		t.Fatal("not the chain")
	}
	if _, ok := p.fetch(1); !ok {
		t.Fatal("nothing to fetch")
	}
	p.fetched(2, &wire.MsgBlock{}, 7)
	if got := p.sender(id); got != 7 {
		t.Errorf("got %d", got)
	}
	for _, other := range []consensus.BlockID{{Height: 2}, {Height: 3, Hash: id.Hash}} {
		if got := p.sender(other); got != 0 {
			t.Errorf("%v: got %d", other, got)
		}
	}
}
