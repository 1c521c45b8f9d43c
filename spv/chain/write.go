package chain

import (
	"sync/atomic"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Write is one transaction of all that was staged when it began. Between
// [Chain.Begin] and [Chain.Finish] the chain can be extended and reorganised,
// while any goroutine commits it: it shares nothing with the chain that the
// writer changes.
type Write struct {
	store   *store.Store
	flushed *atomic.Pointer[State]
	plan    *store.Plan
	record  []byte                     // for the write-ahead log; nil if all is written to the store
	early   *consensus.EarlyFilterHash // nil on networks without early filters
	tip     store.Tip                  // what is on disk once it is committed
	state   *State                     // the same for readers
	done    bool                       // it is
	invalid []chainhash.Hash           // see Invalidate; nil if it has not changed
	stale   []staleHeader              // blocks that have left the main chain

	joins    bool // it is the one after which there is no gap in the filters any longer
	aboveCut bool // it cuts off filters above the gap
	discards bool // it deletes filters below the floor, and does nothing else
	leftover bool // it has not deleted all of these; set by Commit

	// The writer's: how much of the tip has not been taken back since.
	keep, keepFilters consensus.Height
}

// Begin takes all that is staged into a write. It returns nil if nothing is, or
// with an error. The write has to be given to Finish before the next begins.
func (c *Chain) Begin() (*Write, error) {
	if c.writing != nil {
		panic("chain: a write has begun and is not finished")
	}
	if c.Pending() == 0 {
		return nil, nil
	}
	record := c.record()
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	if err := c.catchUpEarly(); err != nil {
		return nil, err
	}
	w := &Write{
		store:    c.store,
		flushed:  &c.flushed,
		plan:     p,
		record:   record,
		tip:      c.tip,
		keep:     c.tip.Headers.Height,
		stale:    c.stale,
		joins:    c.joins(),
		aboveCut: c.aboveCut,
	}
	if w.joins {
		w.tip.Filters, w.tip.Above = c.tip.Above.Last, store.Span{}
		w.tip.Seams++
	}
	w.keepFilters = w.tip.Filters.Height
	state := newState(c.params, &w.tip, c.early.Proven(), &c.window.At(c.tip.Headers.Height).Header)
	w.state = &state
	if c.cut() {
		w.tip.Cuts++
	}
	c.stale, c.aboveCut = nil, false
	if c.invalidStaged {
		w.invalid, c.invalidStaged = c.invalid, false
	}
	w.early = c.early.Hash()
	c.writing, c.filterBytes = w, 0
	return w, nil
}

// Commit makes the write durable, and then visible to readers. It may be called
// once, from any goroutine. When it fails nothing has changed on disk.
func (w *Write) Commit() error {
	if w.discards {
		return w.commitDiscard()
	}
	if w.record != nil && w.store.Append("flush", w.record, w.plan, w.meta()) == nil {
		w.ended()
		return nil
	} // what the log does not take, because it is full for example, the store does
	err := w.store.Update("flush", func(tx *store.Txn) error {
		if err := w.plan.Apply(tx); err != nil {
			return err
		}
		if w.early != nil {
			if err := store.WriteEarly(tx, w.early); err != nil {
				return err
			}
		}
		if w.invalid != nil {
			if err := writeInvalid(tx, w.invalid); err != nil {
				return err
			}
		}
		if err := writeStale(tx, w.stale, w.tip.Headers.Height); err != nil {
			return err
		}
		return store.WriteTip(tx, &w.tip)
	})
	if err != nil {
		return err
	}
	w.ended()
	return nil
}

// commitDiscard is Commit of a write that only deletes filters below the floor.
func (w *Write) commitDiscard() error {
	err := w.store.Update("delete filters", func(tx *store.Txn) (err error) {
		w.leftover, err = w.discard(tx)
		return err
	})
	if err != nil {
		return err
	}
	w.ended()
	return nil
}

// ended makes what was written known to readers.
func (w *Write) ended() {
	w.done = true
	w.flushed.Store(w.state)
}

// meta returns the rows of the meta bucket that change when blocks are added.
func (w *Write) meta() []store.Row {
	rows := []store.Row{{Key: store.KeyTip, Value: w.tip.Encode()}}
	if w.early != nil {
		rows = append(rows, store.Row{Key: store.KeyEarly, Value: w.early.State(make([]byte, store.ChecksumSize))})
	}
	return rows
}

// Finish ends a write after Commit has returned. If that has failed, or was not
// called, all that the write took is staged again.
func (c *Chain) Finish(w *Write) {
	c.writing = nil
	if !w.done {
		c.filterBytes = size(c.filters)
		c.rows = nil // the filters are in it
		c.invalidStaged = c.invalidStaged || w.invalid != nil
		c.aboveCut = c.aboveCut || w.aboveCut
		c.stale = append(w.stale, c.stale...)
		c.stale = c.stale[max(0, len(c.stale)-StaleBlocks):]
		return
	}
	c.leftover = c.leftover || w.tip.Floor > c.disk.Floor
	if w.discards {
		c.leftover = w.leftover
	} else {
		c.rows = w.plan.Used()
	}
	if w.joins && c.joins() {
		c.tip.Filters, c.tip.Above, c.tip.Seams = c.tip.Above.Last, store.Span{}, w.tip.Seams
	}
	c.disk, c.tip.Cuts = w.tip, w.tip.Cuts
	c.main.rows = nil                                                // they may have gone beyond keep, with what is no more
	written := min(int(w.keepFilters-c.keepFilters), len(c.filters)) // fewer if it joins those above the gap
	left := copy(c.filters, c.filters[written:])
	clear(c.filters[left:])
	c.filters = c.filters[:left]
	c.keep, c.keepFilters = w.keep, w.keepFilters
}

// takeBack records that the chain no longer has the blocks above a height
// that the write holds.
func (w *Write) takeBack(to consensus.Height) {
	if w != nil {
		w.keep = min(w.keep, to)
	}
}

// takeBackFilters is takeBack for filters.
func (w *Write) takeBackFilters(to consensus.Height) {
	if w != nil {
		w.keepFilters = min(w.keepFilters, to)
	}
}

// size returns the size of filters in bytes.
func size(filters [][]byte) (n int) {
	for _, f := range filters {
		n += len(f)
	}
	return n
}
