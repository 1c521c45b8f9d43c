package chain

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// floorTwin is which filters have to be there, in the simplest way: a set of heights.
type floorTwin struct {
	active consensus.Height // DCP0005
	blocks *testChain
	chain  []chainhash.Hash // of the blocks
	floor  consensus.Height
	held   map[consensus.Height]bool
}

func (w *floorTwin) clone() floorTwin {
	c := *w
	c.held = maps.Clone(w.held)
	return c
}

// filters returns the last height of the run of filters that begins at the floor.
func (w *floorTwin) filters() consensus.Height {
	h := w.floor
	for w.held[h] {
		h++
	}
	return h - 1
}

// above returns the run of filters after the gap, if there is one.
func (w *floorTwin) above() (s Span) {
	for h := w.filters() + 1; int(h) < len(w.chain); h++ {
		if !w.held[h] {
			continue
		}
		if s.First == 0 {
			s.First = h
		}
		s.Last = consensus.BlockID{Height: h, Hash: w.chain[h]}
	}
	return s
}

// proven reports whether the early filters are, or none is there.
func (w *floorTwin) proven() bool { return w.floor >= w.active || w.filters() >= w.active }

func (w *floorTwin) raise(to consensus.Height) {
	if to <= w.floor {
		return
	}
	w.floor = to
	for h := range w.held {
		if h < to {
			delete(w.held, h)
		}
	}
}

// follow makes the chain the twin's, which leaves that of before above a height.
func (w *floorTwin) follow(blocks *testChain, last consensus.Height) {
	w.blocks, w.chain = blocks, blocks.hashes
	if w.filters() > last && w.floor > 0 && last < w.active-1 { // all early filters are missing one
		w.floor = 0
		for h := range w.held {
			if h < w.above().First || w.above().First == 0 {
				delete(w.held, h)
			}
		}
		w.held[0] = true
	}
	for h := range w.held {
		if h > last {
			delete(w.held, h)
		}
	}
	w.floor = min(w.floor, last+1)
}

// floorPair is a chain and its twin.
type floorPair struct {
	p     *consensus.Params
	r     *rand.Rand
	cfg   Config
	chain *Chain
	twin  floorTwin

	write   *Write
	done    bool      // it is committed
	taken   floorTwin // what the write has taken
	flushed floorTwin // what readers have to see
	moves   map[string]int
}

// Whatever becomes of the floor, and of the chain meanwhile, and however often the process dies,
// the filters that are there are those that the twin holds.
func TestFloorsEqualTwin(t *testing.T) {
	moves := make(map[string]int)
	for seed := range uint64(6) {
		active := []consensus.Height{0, 25}[seed%2]
		t.Run(fmt.Sprintf("%d-active-%d", seed, active), func(t *testing.T) { compareFloors(t, seed, active, moves) })
	}
	t.Log(moves)
	for _, what := range []string{"raised", "lowered", "joined", "discarded", "busy", "crashed", "reorganised below the floor", "reorganised above the gap"} {
		if moves[what] == 0 {
			t.Errorf("never %s", what)
		}
	}
}

func compareFloors(t *testing.T, seed uint64, active consensus.Height, moves map[string]int) {
	y := &floorPair{moves: moves}
	y.r = random(1000 + seed)
	trunk := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), y.r, 60, 450, 2)
	y.p = consensus.SimNet()
	if active > 0 {
		y.p = earlyParams(trunk, active)
	}
	y.cfg = Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: y.p, recent: 1 << y.r.IntN(8)}
	y.chain = reopen(t, y.cfg)
	y.twin = floorTwin{active: active, blocks: trunk, chain: trunk.hashes, held: map[consensus.Height]bool{0: true}}
	trunk.feed(t, y.p, y.chain, 0, 100, 1)
	mustFlush(t, y.chain)
	y.flushed = y.twin.clone()
	for range 200 {
		y.live(t)
		y.wantStaged(t)
	}
	if y.write != nil {
		y.chain.Finish(y.write)
		y.write = nil
	}
	mustFlush(t, y.chain)
	if err := y.chain.discard(); err != nil {
		t.Fatal(err)
	}
	y.flushed = y.twin.clone()
	y.wantFlushed(t)
}

// live makes one random step.
func (y *floorPair) live(t *testing.T) {
	t.Helper()
	tip := consensus.Height(len(y.twin.chain)) - 1
	switch n := y.r.IntN(40); {
	case n < 8:
		y.mine(t)
	case n < 20:
		y.addFilters(t)
	case n < 22:
		y.raise(t, consensus.Height(y.r.IntN(int(tip)+2)))
	case n < 25:
		y.lower(t, max(0, y.twin.floor-consensus.Height(y.r.IntN(60))))
	case n < 39:
		y.goOnWriting(t)
		y.wantFlushed(t)
	default:
		y.crash(t)
	}
}

// mine adds blocks to the chain, now and then on top of an older block.
func (y *floorPair) mine(t *testing.T) {
	t.Helper()
	tip := y.twin.blocks.height()
	fork := tip
	if y.r.IntN(3) == 0 {
		fork = max(tip-consensus.Height(y.r.IntN(40)), max(0, y.twin.active-1)) // whose early filters are the known ones
	}
	blocks := y.twin.blocks.fork(fork).mine(t, y.p, y.r, int(tip-fork)+1+y.r.IntN(10), 450, 2)
	blocks.feed(t, y.p, y.chain, fork, 100, 1)
	if got := y.chain.Staged().Tip; got != blocks.id(blocks.height()) {
		t.Fatalf("tip %v, want %v", got, blocks.id(blocks.height()))
	}
	if fork < y.twin.floor-1 {
		y.moves["reorganised below the floor"]++
	}
	if above := y.twin.above(); above.Any() && fork < above.Last.Height {
		y.moves["reorganised above the gap"]++
	}
	y.twin.follow(blocks, fork)
}

// addFilters stages filters that come next.
func (y *floorPair) addFilters(t *testing.T) {
	t.Helper()
	targets, err := y.chain.FilterTargets(y.chain.Staged().Filters.Height+1, 1+y.r.IntN(40))
	if err != nil {
		t.Fatal(err)
	}
	if len(targets) == 0 {
		return
	}
	if err := y.chain.AddFilters(y.twin.blocks.filterBatch(t, y.p, targets)); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		if y.twin.held[target.Height] {
			t.Fatalf("filter %d was asked for, and is there", target.Height)
		}
		y.twin.held[target.Height] = true
	}
}

func (y *floorPair) raise(t *testing.T, to consensus.Height) {
	t.Helper()
	err := y.chain.RaiseFloor(to)
	if to > y.twin.floor && to < y.twin.active && !y.twin.proven() {
		if !errors.Is(err, ErrFloorBusy) {
			t.Fatalf("raise the floor to %d before early filters are proven: %v", to, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if to > y.twin.floor {
		y.moves["raised"]++
	}
	y.twin.raise(to)
}

func (y *floorPair) lower(t *testing.T, to consensus.Height) {
	t.Helper()
	if y.write == nil && y.r.IntN(3) > 0 { // else it is refused nearly always
		mustFlush(t, y.chain)
		y.flushed = y.twin.clone()
		if err := y.chain.discard(); err != nil {
			t.Fatal(err)
		}
	}
	old, before := y.twin.floor, y.chain.Staged()
	err := y.chain.LowerFloor(to)
	if to < y.twin.active {
		to = 0
	}
	st := y.chain.Staged()
	switch {
	case errors.Is(err, ErrFloorBusy):
		y.moves["busy"]++
		if st == before {
			return
		}
		if old > y.twin.active || st.Floor != y.twin.active+1 {
			t.Fatalf("lower the floor from %d to %d: got %+v, %v", old, to, st, err)
		}
		y.twin.raise(st.Floor)
		return
	case err != nil:
		t.Fatal(err)
	case to >= old:
		return
	}
	y.moves["lowered"]++
	y.twin.floor = to
	if to == 0 {
		y.twin.held[0] = true
	}
	// The rows on disk may have more than the floor says, and with early filters less.
	first := st.Above.First
	if st.Filters.Height >= old || !st.Above.Any() {
		first = old
		if st.Filters.Height >= old {
			first = to
		} else if len(y.twin.held) > 1 && y.twin.active == 0 {
			t.Fatalf("filters are gone after the floor was lowered from %d to %d: %+v", old, to, st)
		}
	}
	for h := first; h < old; h++ {
		y.twin.held[h] = true
	}
	if to < y.twin.active || y.twin.active > 0 && to == 0 {
		if st.Above.Any() && st.Above.First > old+60 {
			t.Fatalf("filters from %d on are gone", old)
		}
		for h := range y.twin.held {
			if h > 0 && (h < st.Above.First || !st.Above.Any()) {
				delete(y.twin.held, h)
			}
		}
	}
}

// goOnWriting takes the next step of writing.
func (y *floorPair) goOnWriting(t *testing.T) {
	t.Helper()
	switch {
	case y.write == nil && y.r.IntN(4) == 0:
		mustFlush(t, y.chain)
		y.flushed = y.twin.clone()
	case y.write == nil && y.r.IntN(3) == 0:
		if y.write = y.chain.BeginDiscard(); y.write != nil {
			y.moves["discarded"]++
			y.taken, y.done = y.flushed.clone(), false
		}
	case y.write == nil:
		if st := y.chain.Staged(); st.Above.Any() && st.Above.First == st.Filters.Height+1 {
			y.moves["joined"]++
		}
		var err error
		if y.write, err = y.chain.Begin(); err != nil {
			t.Fatal(err)
		}
		y.taken, y.done = y.twin.clone(), false
	case !y.done && y.r.IntN(4) > 0:
		if err := y.write.Commit(); err != nil {
			t.Fatal(err)
		}
		y.flushed, y.done = y.taken.clone(), true
	default:
		y.chain.Finish(y.write)
		y.write = nil
	}
}

// crash kills the process: what is not on disk is forgotten.
func (y *floorPair) crash(t *testing.T) {
	t.Helper()
	y.moves["crashed"]++
	y.twin = y.flushed.clone()
	if err := y.chain.Close(); err != nil {
		t.Fatal(err)
	}
	y.chain, y.write = reopen(t, y.cfg), nil
	y.wantFlushed(t)
}

// wantStaged compares what is staged.
func (y *floorPair) wantStaged(t *testing.T) {
	t.Helper()
	wantFloors(t, "staged", y.chain.Staged(), &y.twin)
	if y.write == nil && y.chain.Pending() == 0 {
		y.wantFlushed(t)
		wantFloors(t, "on disk", y.chain.State(), &y.twin)
	}
}

func wantFloors(t *testing.T, what string, st State, w *floorTwin) {
	t.Helper()
	if st.Above.Any() && st.Above.First == st.Filters.Height+1 { // joined by the next write
		st.Filters, st.Above = st.Above.Last, Span{}
	}
	if st.Floor != w.floor || st.Filters.Height != w.filters() || st.Filters.Hash != w.chain[st.Filters.Height] || st.Above != w.above() {
		t.Fatalf("%s: got %+v; want the floor %d, filters to %d, above %+v", what, st, w.floor, w.filters(), w.above())
	}
	if w.active > 0 && w.filters() != w.active-1 && st.EarlyProven != w.proven() {
		t.Fatalf("%s: early filters are proven: %v", what, st.EarlyProven)
	}
}

// wantFlushed compares what readers see, height by height, and proves the store.
func (y *floorPair) wantFlushed(t *testing.T) {
	t.Helper()
	w := &y.flushed
	wantFloors(t, "on disk", y.chain.State(), w)
	blocks := w.blocks
	for h := range blocks.hashes {
		h := consensus.Height(h)
		got, err := y.chain.Filter(h)
		switch {
		case w.held[h] && (err != nil || string(got) != string(blocks.filters[h])):
			t.Fatalf("filter %d: %v", h, err)
		case !w.held[h] && (!errors.Is(err, ErrNotFound) || errors.Is(err, ErrBelowFloor) != (h < w.floor)):
			t.Fatalf("filter %d with the floor %d: want that it is not there, got %v", h, w.floor, err)
		}
		err = y.chain.FiltersBetween(blocks.hashes[h], blocks.hashes[h], 1, func(*chainhash.Hash, []byte) {})
		if served := w.held[h] && (h >= w.active || w.proven() && w.floor < w.active); served != (err == nil) && w.filters() != w.active-1 {
			t.Fatalf("filter %d is served: %v", h, err)
		}
	}
	for _, run := range []Span{{w.floor, consensus.BlockID{Height: w.filters()}}, w.above()} {
		next := run.First
		err := y.chain.Scan(run.First, run.Last.Height, func(id consensus.BlockID, _ *consensus.Header, filter []byte) error {
			if id != blocks.id(next) || string(filter) != string(blocks.filters[next]) {
				t.Fatalf("scan: block %d is not the one that was added", next)
			}
			next++
			return nil
		})
		if run != (Span{}) && (err != nil || next != run.Last.Height+1) {
			t.Fatalf("scan from %d ended before %d: %v", run.First, next, err)
		}
	}
	mustCheck(t, y.chain)
}

// A reorganisation below DCP0005, of a store that does not keep all early filters, begins with
// the filters again: then these can be proven.
func TestReorganisationBelowEarlyFilters(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(91), 200, 200, 1)
	p := earlyParams(blocks, 100)
	other := blocks.fork(90)
	lean := *blocks // the same filters, in other blocks
	for h := consensus.Height(91); h < 100; h++ {
		other = mineWith(t, p, other, lean.filters[h], uint64(h))
	}
	other.mine(t, p, random(92), 150, 200, 1)
	for _, floor := range []consensus.Height{50, 95, 100, 150, 201} {
		cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
		c := reopen(t, cfg)
		blocks.feed(t, p, c, 0, 2000, 1)
		blocks.feedFilters(t, p, c)
		if err := c.RaiseFloor(floor); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		other.feed(t, p, c, 90, 2000, 1)
		if st := c.Staged(); st.Floor != 0 || st.Filters.Height != 0 || st.EarlyProven {
			t.Errorf("floor %d: the filters are at %+v", floor, st)
		}
		mustFlush(t, c)
		mustCheck(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c = reopen(t, cfg)
		other.feedFilters(t, p, c)
		mustFlush(t, c)
		if !c.State().EarlyProven {
			t.Errorf("floor %d: the early filters are not proven again", floor)
		}
		wantChain(t, c, other)
		mustCheck(t, c)
	}
}

// mineWith adds a block with the given filter.
func mineWith(t *testing.T, p *consensus.Params, c *testChain, filter []byte, extra uint64) *testChain {
	t.Helper()
	h := nextHeader(p, c.testBranch, 1)
	commitment := consensus.FilterHash(filter)
	copy(h[offStakeRoot:], commitment[:])
	binary.LittleEndian.PutUint64(h[offExtraData:], extra)
	solve(t, p, &h)
	c.testBranch = append(c.testBranch, h)
	c.hashes = append(c.hashes, h.Hash())
	c.filters = append(c.filters, filter)
	return c
}

// A store with a floor is repaired with its floor: what was not kept on purpose is not fetched
// again. Of two runs of filters the longer one is kept, and none of early filters of which some
// are missing.
func TestRepairKeepsTheFloor(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(93), 400, 200, 1)
	p := earlyParams(blocks, 100)
	raised := func(to consensus.Height) func(t *testing.T, c *Chain) {
		return func(t *testing.T, c *Chain) {
			if err := c.RaiseFloor(to); err != nil {
				t.Fatal(err)
			}
			mustFlush(t, c)
		}
	}
	lowered := func(from, to, filled consensus.Height) func(t *testing.T, c *Chain) {
		return func(t *testing.T, c *Chain) {
			raised(from)(t, c)
			if err := errors.Join(c.discard(), c.LowerFloor(to)); err != nil {
				t.Fatal(err)
			}
			if err := addUpTo(t, p, c, blocks, filled); err != nil {
				t.Fatal(err)
			}
			mustFlush(t, c)
		}
	}
	for name, tc := range map[string]struct {
		life           func(t *testing.T, c *Chain)
		forge          func(tx *store.Txn) error
		floor, filters consensus.Height
	}{
		"raised":               {raised(300), nil, 300, 400},
		"raised, no tip row":   {raised(300), func(tx *store.Txn) error { return tx.Bucket(store.BucketMeta).Delete(store.KeyTip) }, 0, 400},
		"among early ones":     {raised(60), nil, 100, 400},
		"above the tip":        {raised(401), nil, 401, 400},
		"little filled":        {lowered(350, 120, 130), nil, -1, 400},
		"much filled":          {lowered(380, 120, 320), nil, 120, 320},
		"early, little filled": {lowered(200, 0, 50), nil, -1, 400},
		"early, nearly all":    {lowered(380, 0, 320), nil, 0, 320},
		"a header row is lost": {raised(300), func(tx *store.Txn) error {
			return tx.Bucket(store.BucketHeaders).Delete(store.HeightKey(store.RowStart(250)))
		}, store.RowStart(250), store.RowStart(250) - 1},
		"an early one is lost": {raised(300), func(tx *store.Txn) error {
			return tx.Bucket(store.BucketHeaders).Delete(store.HeightKey(store.RowStart(60)))
		}, 0, store.RowStart(60) - 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := forgedStore(t, p, blocks)
			tc.life(t, c)
			above := c.State().Above.First
			if tc.forge != nil {
				if err := c.store.Update("forge", tc.forge); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			cfg := Config{Path: c.store.Path, Params: p}
			kept, err := Repair(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if tc.floor == -1 {
				tc.floor = above
			}
			if kept.Floor != tc.floor || kept.Filters.Height != tc.filters || kept.Above.Any() {
				t.Errorf("kept %+v, want filters from %d to %d", kept, tc.floor, tc.filters)
			}
			mustCheck(t, reopen(t, cfg))
		})
	}
}
