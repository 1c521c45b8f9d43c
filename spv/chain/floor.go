package chain

import (
	"errors"
	"fmt"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// discardRows is how many rows of filters one transaction deletes at most: 2.5 MB, which
// takes a disk some milliseconds.
const discardRows = 256

// ErrFloorBusy says that the floor cannot be moved yet: filters are staged or being written,
// filters below it are still to be deleted, or it was moved before and that is not written.
var ErrFloorBusy = errors.New("the floor of the chain store is being moved")

// RaiseFloor stages that the filters below a height are not kept. Those that are staged are
// dropped at the next write; those in the file no longer count once the floor is written,
// and are deleted after that, see BeginDiscard. If the chain has no filters up to there,
// those from there on are next. A floor at or below the one that is staged changes nothing.
//
// The floor cannot be more than one block above the tip: ErrNotFound. It cannot be within
// the early filters, those below DCP0005, until these are proven: only all of them together
// can be. Then the error is ErrFloorBusy.
func (c *Chain) RaiseFloor(to consensus.Height) error {
	active := c.params.DCP0005
	switch {
	case to <= c.tip.Floor:
		return nil
	case to > c.tip.Headers.Height+1:
		return fmt.Errorf("raise the floor to %d above the tip %d: %w", to, c.tip.Headers.Height, ErrNotFound)
	case to < active && !c.early.Proven():
		return fmt.Errorf("raise the floor to %d within unproven early filters: %w", to, ErrFloorBusy)
	}
	end := c.tip.Filters
	if c.tip.Above.Any() && to >= c.tip.Above.First {
		end = c.tip.Above.Last // what was to be filled in below is not needed any longer
	}
	if to > end.Height+1 {
		end = consensus.BlockID{Height: to - 1, Hash: c.main.hash(to - 1)}
	}
	if err := c.main.failed(); err != nil {
		return fmt.Errorf("raise the floor to %d: %w", to, err)
	}
	if to >= active {
		c.early.Skip()
	}
	c.tip.Floor = to
	if end == c.tip.Filters {
		return nil
	}
	c.tip.Filters, c.filters, c.filterBytes = end, nil, 0
	c.keepFilters = end.Height
	if c.writing != nil {
		c.writing.keepFilters = end.Height
	}
	if c.tip.Above.Any() && to >= c.tip.Above.First {
		c.tip.Above = store.Span{}
	}
	return nil
}

// LowerFloor stages that the filters from a height on are to be there. What is there stays,
// above a gap that is filled from below by AddFilters, see State.Above: Staged().Filters goes
// back to below the gap. As early filters can be proven only all together, a floor below
// DCP0005 becomes the genesis block; it may be raised again once they are proven.
//
// It has to be called again when it returns ErrFloorBusy, after what is staged was written
// and what is below the floor was deleted.
func (c *Chain) LowerFloor(to consensus.Height) error {
	active := c.params.DCP0005
	if to < active {
		to = 0
	}
	if to < 0 || to >= c.tip.Floor {
		return nil
	}
	busy := fmt.Errorf("lower the floor to %d: %w", to, ErrFloorBusy)
	if c.writing != nil || c.leftover || c.tip.Above.Any() || c.Pending() > 0 {
		return busy
	}
	if c.tip.Floor <= active && c.tip.Headers.Height >= active { // early filters are fetched all together
		return errors.Join(c.RaiseFloor(active+1), busy)
	}
	above, err := c.spanFromFloor()
	if err != nil {
		return fmt.Errorf("lower the floor to %d: %w", to, err)
	}
	end := consensus.BlockID{Hash: c.params.ChainParams.GenesisHash}
	if to > 0 {
		end = consensus.BlockID{Height: to - 1, Hash: c.main.hash(to - 1)}
	}
	if err := c.main.failed(); err != nil {
		return fmt.Errorf("lower the floor to %d: %w", to, err)
	}
	if above.Any() && above.First <= to { // the row that has the floor begins there
		c.tip.Floor = to
		return nil
	}
	c.tip.Above = above
	if to == 0 {
		c.restartFilters()
		return nil
	}
	c.tip.Floor, c.tip.Filters, c.keepFilters = to, end, end.Height
	return nil
}

// spanFromFloor returns the filters that are on disk, from the beginning of a row on: of the
// one that has the floor, or of the first one above DCP0005 if there are early filters.
func (c *Chain) spanFromFloor() (s store.Span, err error) {
	if c.tip.Filters.Height < max(c.tip.Floor, c.params.DCP0005+1) {
		return s, nil
	}
	err = c.store.View("read filters", func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		var row store.FilterRow
		if err := row.Read(b, c.tip.Floor); err != nil {
			return store.Missing(err, "filter %d", c.tip.Floor)
		}
		if active := c.params.DCP0005; row.First <= active && active > 0 {
			next := row.End()
			if next > c.tip.Filters.Height {
				return nil
			}
			if err := row.Read(b, next); err != nil {
				return store.Missing(err, "filter %d", next)
			}
		}
		s = store.Span{First: row.First, Last: c.tip.Filters}
		return nil
	})
	return s, err
}

// restartFilters makes the filter of the genesis block the only one that is there, besides
// those above a gap.
func (c *Chain) restartFilters() {
	c.tip.Floor, c.tip.Filters = 0, consensus.BlockID{Hash: c.params.ChainParams.GenesisHash}
	c.filters, c.keepFilters = [][]byte{c.genesisFilter}, -1
	c.filterBytes = len(c.genesisFilter)
	c.writing.takeBackFilters(-1)
	c.early.Restart(c.genesisFilter)
}

// floorMoved reports whether the floor, or what is above a gap, is staged to be another than
// what is on disk or being written.
func (c *Chain) floorMoved() bool {
	end := &c.disk
	if c.writing != nil {
		end = &c.writing.tip
	}
	return c.tip.Floor != end.Floor || c.tip.Above != end.Above
}

// joins reports whether the staged filters reach those above the gap.
func (c *Chain) joins() bool {
	return c.tip.Above.Any() && c.tip.Filters.Height+1 == c.tip.Above.First
}

// rewindAbove drops the filters above the gap whose blocks are above one to which the main
// chain goes back.
func (c *Chain) rewindAbove(to consensus.BlockID) {
	if !c.tip.Above.Any() || to.Height >= c.tip.Above.Last.Height {
		return
	}
	c.aboveCut = true
	c.tip.Above.Last = to
	if to.Height < c.tip.Above.First {
		c.tip.Above = store.Span{}
	}
	c.writing.takeBackFilters(to.Height) // one that joins them has them
}

// Leftover reports whether there are filters on disk below the floor there, which are to be
// deleted.
func (r *Reader) Leftover() (has bool, err error) {
	err = r.store.View("find filters below the floor", func(tx *store.Txn) error {
		tip, err := store.ReadTip(tx)
		if err != nil {
			return err
		}
		has, err = hasLeftover(tx, tip.Floor)
		return err
	})
	return has, err
}

// hasLeftover reports whether there are filters that end below a floor.
func hasLeftover(tx *store.Txn, floor consensus.Height) (bool, error) {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return false, err
	}
	keys, err := rowsBelow(b, floor, 1)
	return len(keys) > 0, err
}

// BeginDiscard is Begin for a write that only deletes filters below the floor on disk, up to
// 2.5 MB of them. It returns nil if there are none. Nothing that is staged is written. A
// start after a crash finds those that are left.
func (c *Chain) BeginDiscard() *Write {
	if c.writing != nil {
		panic("chain: a write has begun and is not finished")
	}
	if !c.leftover {
		return nil
	}
	state := c.State()
	w := &Write{
		store: c.store, flushed: &c.flushed, plan: new(store.Plan), state: &state,
		tip: c.disk, keep: c.keep, keepFilters: c.keepFilters, discards: true,
	}
	c.writing = w
	return w
}

// discard deletes all filters below the floor on disk, in as many transactions as it takes.
func (c *Chain) discard() error {
	for {
		w := c.BeginDiscard()
		if w == nil {
			return nil
		}
		err := w.Commit()
		c.Finish(w)
		if err != nil {
			return err
		}
	}
}

// discard deletes rows of filters that end below the floor, the lowest first, and reports
// whether there may be more.
func (w *Write) discard(tx *store.Txn) (more bool, err error) {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return false, err
	}
	keys, err := rowsBelow(b, w.tip.Floor, discardRows)
	if err != nil {
		return false, err
	}
	for _, key := range keys {
		if err := b.Delete(key); err != nil {
			return false, err
		}
	}
	return len(keys) == discardRows, nil
}

// rowsBelow returns the keys of the first rows that end below a floor, n at most.
func rowsBelow(b *store.Rows, floor consensus.Height, n int) (keys [][]byte, err error) {
	var row store.FilterRow
	c := b.Cursor()
	for key, value := c.First(); key != nil && len(keys) < n; key, value = c.Next() {
		first, err := store.KeyHeight(key)
		if err != nil || first >= floor {
			return keys, err
		}
		if err := row.Parse(key, value); err != nil {
			return nil, err
		}
		if row.End() > floor {
			return keys, nil
		}
		keys = append(keys, append([]byte(nil), key...))
	}
	return keys, nil
}
