package chain

import (
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// What a write has taken is not pending, unless the write fails. What comes or
// is taken back meanwhile is.
func TestPendingDuringWrite(t *testing.T) {
	p, r := consensus.SimNet(), random(60)
	c := testStore(t, p)
	blocks := newTestChain(t, p).mine(t, p, r, 200, 100, 1)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	all := c.Pending()

	w, err := c.Begin()
	if err != nil || c.Pending() != 0 {
		t.Fatalf("begun: %d bytes are pending, %v", c.Pending(), err)
	}
	c.Finish(w) // as after a commit that failed
	if c.Pending() != all || c.State().Tip.Height != 0 {
		t.Fatalf("not committed: %d bytes of %d are pending", c.Pending(), all)
	}

	if w, err = c.Begin(); err != nil {
		t.Fatal(err)
	}
	other := blocks.fork(120).mine(t, p, r, 100, 100, 1)
	other.feed(t, p, c, 120, 2000, 1)
	if got, want := c.Pending(), 100*consensus.HeaderSize+1; got != want {
		t.Errorf("reorganised: %d bytes are pending, want %d", got, want)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	wantChain(t, c, blocks)
	c.Finish(w)
	if got, want := c.Pending(), 100*consensus.HeaderSize+1; got != want {
		t.Errorf("settled: %d bytes are pending, want %d", got, want)
	}
	other.feedFilters(t, p, c)
	mustFlush(t, c)
	wantChain(t, c, other)
	mustCheck(t, c)
}

// A second write cannot begin before the first is finished.
func TestSecondWrite(t *testing.T) {
	p := consensus.SimNet()
	c := testStore(t, p)
	if w, err := c.Begin(); w != nil || err != nil {
		t.Fatalf("nothing is staged: got %v, %v", w, err)
	}
	blocks := newTestChain(t, p).mine(t, p, random(61), 2, 100, 1)
	blocks.feed(t, p, c, 0, 1, 1)
	if _, err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a second write has begun")
		}
	}()
	_, _ = c.Begin()
}

// A row is sought in a bucket whose rows have all been deleted in the same
// transaction, however many leaves they had.
func TestSeekRowAmongNone(t *testing.T) {
	p, r := consensus.SimNet(), random(62)
	c := testStore(t, p)
	blocks := newTestChain(t, p).mine(t, p, r, 2000, 300, 1)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	err := c.store.Update("test", func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		all := store.NewPlan(nil)
		all.Begin(store.BucketFilters, 0, 0, true)
		if err := all.Apply(tx); err != nil {
			return err
		}
		for _, h := range []consensus.Height{0, 1000, 5000} {
			if key, _ := store.SeekRow(b.Cursor(), h); key != nil {
				t.Errorf("row %x is found among none", key)
			}
		}
		return ErrStale // rolls back
	})
	if err == nil {
		t.Fatal("the transaction was to be rolled back")
	}
	wantChain(t, c, blocks)
}
