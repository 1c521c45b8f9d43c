package chain

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// A transaction that reads for long holds up no write, also when the file grows to many
// times its size: it is not mapped at another place, for which bbolt would wait.
func TestLongReaderHoldsUpNoWrite(t *testing.T) {
	if runtime.GOOS == "windows" || strconv.IntSize < 64 {
		t.Skip("no room is set aside for the file here")
	}
	p, r := consensus.SimNet(), random(90)
	c := testStore(t, p)
	blocks := newTestChain(t, p)
	grown := func(n int) {
		from := blocks.height()
		blocks.mine(t, p, r, n, 2000, 1)
		blocks.feed(t, p, c, from, 2000, 1)
		blocks.feedFilters(t, p, c)
		mustFlush(t, c)
	}
	place := mapped(t, c)
	grown(2000)
	if mapped(t, c) != place {
		t.Fatal("the file was mapped at another place")
	}
	tip := c.State()
	err := c.store.View("read for long", func(tx *store.Txn) error {
		size := tx.Size()
		grown(4000) // would wait for this transaction
		if now, err := store.ReadTip(tx); err != nil || now.Headers != tip.Tip || tx.Size() != size {
			t.Errorf("the reader sees %v, %v", now.Headers, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantChain(t, c, blocks)
	if tip.Tip == c.State().Tip {
		t.Error("nothing was written")
	}
}

// mapped returns where in memory the file of a store is.
func mapped(t *testing.T, c *Chain) (place uintptr) {
	t.Helper()
	err := c.store.View("test", func(tx *store.Txn) error {
		place = tx.DB().Info().Data
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return place
}
