package chain

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// step begins a write: of another floor, of more blocks, of both, or one that deletes what is
// below the floor.
func (y *history) step(t *testing.T) *Write {
	t.Helper()
	st := y.chain.Staged()
	var err error
	switch y.r.IntN(6) {
	case 0:
		err = y.chain.RaiseFloor(consensus.Height(y.r.IntN(int(st.Tip.Height) + 2)))
	case 1, 2, 3:
		err = y.chain.LowerFloor(max(0, st.Floor-1-consensus.Height(y.r.IntN(300))))
	}
	if err != nil && !errors.Is(err, ErrFloorBusy) {
		t.Fatal(err)
	}
	if w := y.chain.BeginDiscard(); w != nil && y.chain.Pending() == 0 {
		return w
	} else if w != nil {
		y.chain.Finish(w) // given up before it was committed
	}
	if y.chain.Pending() == 0 || y.r.IntN(3) == 0 {
		y.live(t)
	}
	w, err := y.chain.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Killed while the floor is raised or lowered, while filters below it are deleted, or while a
// gap is filled, a restart finds what was there before or after that transaction; and all
// filters can be completed from there.
func TestCrashWhileTheFloorMoves(t *testing.T) {
	stops, moved := 0, 0
	for seed := range uint64(max(1, *histories/3)) {
		y := newHistory(t, 1<<33+seed)
		for range 20 {
			before, old := y.files(t), y.chain.State()
			w := y.step(t)
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
			y.chain.Finish(w)
			after, now := y.files(t), y.chain.State()
			if old.Floor != now.Floor {
				moved++
			}
			for _, m := range moments(y.r, before, after) {
				stops++
				name := fmt.Sprintf("seed %d, floor from %d to %d, crash after %s", seed, old.Floor, now.Floor, m.what)
				cfg := Config{Path: filepath.Join(t.TempDir(), "crashed.db"), Params: y.p, noSync: true}
				m.files.write(t, cfg.Path)
				c := reopen(t, cfg)
				if st := c.State(); !(m.before && st == old || m.after && st == now) {
					t.Errorf("%s: got %+v, want %+v or %+v", name, st, old, now)
				}
				y.complete(t, name, c)
			}
		}
	}
	if !t.Failed() {
		t.Logf("%d stops in %d moves, none lost", stops, moved)
	}
	if moved == 0 {
		t.Error("the floor was never moved")
	}
}

// complete lowers the floor of a restarted chain to the genesis block, and fills in all
// filters.
func (y *history) complete(t *testing.T, name string, c *Chain) {
	t.Helper()
	mustCheck(t, c)
	more := y.blocks.fork(y.blocks.height()).mine(t, y.p, y.r, 1, 60, 1)
	more.feed(t, y.p, c, 0, 2000, 1)
	for range 9 {
		err := c.LowerFloor(0)
		if err != nil && !errors.Is(err, ErrFloorBusy) {
			t.Fatalf("%s: %v", name, err)
		}
		more.feedFilters(t, y.p, c)
		mustFlush(t, c)
		if failure := c.discard(); failure != nil {
			t.Fatalf("%s: %v", name, failure)
		}
		if err == nil && c.Staged().Filters == c.Staged().Tip {
			break
		}
	}
	wantChain(t, c, more)
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// A write that lowered the floor leaves what was there above the gap alone, and costs no more
// than a few pages, however much that is; deleting costs as much as what is deleted, in parts.
func TestFloorTransactionsAreBounded(t *testing.T) {
	p, r := consensus.SimNet(), random(90)
	blocks := newTestChain(t, p).mine(t, p, r, 9000, 900, 1)
	c := testStore(t, p)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	if err := c.RaiseFloor(8000); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	writes, rows := 0, rowsOf(t, c)
	for {
		w := c.BeginDiscard()
		if w == nil {
			break
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		c.Finish(w)
		writes++
		now := rowsOf(t, c)
		if rows-now > discardRows {
			t.Errorf("one write has deleted %d rows", rows-now)
		}
		rows = now
	}
	if writes < 3 {
		t.Errorf("all was deleted in %d writes", writes)
	}
	size := len(mustRead(t, c.store.Path))
	if err := c.LowerFloor(1000); err != nil {
		t.Fatal(err)
	}
	for c.Staged().Filters != c.Staged().Tip { // with the pages that were freed
		targets, err := c.FilterTargets(c.Staged().Filters.Height+1, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(targets) > 0 {
			if err := c.AddFilters(blocks.filterBatch(t, p, targets)); err != nil {
				t.Fatal(err)
			}
		}
		mustFlush(t, c)
	}
	if now := len(mustRead(t, c.store.Path)); now > size {
		t.Errorf("the file grew from %d to %d bytes when filters came back that it had held", size, now)
	}
	mustCheck(t, c)
}

// rowsOf returns the number of rows of filters.
func rowsOf(t *testing.T, c *Chain) (n int) {
	t.Helper()
	if err := c.store.View("test", func(tx *store.Txn) error {
		n = tx.Bucket(store.BucketFilters).Stats().KeyN
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
