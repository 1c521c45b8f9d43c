package chain

import (
	"bytes"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// record returns the record of the write-ahead log for all that is staged, or nil if that
// has to be written to the store: because it takes something off the chain, or is much.
func (c *Chain) record() []byte {
	headers, filters := c.tip.Headers.Height-c.keep, c.tip.Filters.Height-c.keepFilters
	size := store.MostOfRecord(int(headers), int(filters), c.filterBytes)
	switch {
	case c.noWAL, c.cut(), c.floorMoved(), c.tip.Above.Any(), c.invalidStaged, len(c.stale) > 0, size > store.MaxRecord:
		return nil
	case store.SegmentStart(c.keep+1) != store.SegmentStart(c.tip.Headers.Height+1): // the index gets a row
		return nil
	}
	r := store.Record{
		Tip:           c.disk.Headers.Hash,
		FiltersHeight: c.disk.Filters.Height,
		Cuts:          c.disk.Cuts,
		Filters:       c.filters,
	}
	for h := c.keep + 1; h <= c.tip.Headers.Height; h++ {
		r.Headers = append(r.Headers, c.window.At(h).Header)
	}
	return r.Encode()
}

// replay adds the blocks of the write-ahead log to those of the store. They become
// visible to readers and count as written, as they are in the log.
func (c *Chain) replay() error {
	b, err := c.store.Logged()
	if err != nil {
		return err
	}
	end, stopped := c.redoAll(b, c.disk.Cuts)
	if c.Pending() == 0 {
		return c.main.failed()
	}
	w, err := c.Begin()
	if err != nil {
		return err
	}
	c.store.Replayed(w.plan, w.meta(), end, stopped)
	w.ended()
	c.Finish(w)
	return c.store.View("open", func(tx *store.Txn) error {
		return c.findContradicted(tx, c.tip.Headers.Height)
	})
}

// redoAll stages the blocks of the records of a log, one after the other, as far as each
// follows the tip and the cuts that are given. It returns where the last record ends that
// did, and whether it stopped at one that follows but does not prove what it adds.
func (c *Chain) redoAll(b []byte, cuts uint64) (end int, stopped bool) {
	for {
		r, size, ok := store.ParseRecord(b[end:])
		at := c.tip
		at.Cuts = cuts
		if !ok || !r.Follows(&at) {
			return end, false
		}
		if !c.redo(&r) {
			return end, true
		}
		end += size
	}
}

// redo stages the blocks of a record. It proves what can be proven without the rules for
// blocks on their ancestors, as a repair does, and reports whether all was staged.
func (c *Chain) redo(r *store.Record) bool {
	for i := range r.Headers {
		h := &r.Headers[i]
		hash := h.Hash()
		if h.PrevBlock() != c.tip.Headers.Hash || h.Height() != c.tip.Headers.Height+1 || c.isInvalid(&hash) {
			return false
		}
		if consensus.CheckHeader(c.params, h, &hash) != nil {
			return false
		}
		c.push(h, hash)
	}
	if len(r.Filters) == 0 {
		return true
	}
	targets, err := c.FilterTargets(c.tip.Filters.Height+1, len(r.Filters))
	if err != nil || len(targets) < len(r.Filters) {
		return false
	}
	filters := make([][]byte, len(r.Filters))
	for i, f := range r.Filters {
		filters[i] = bytes.Clone(f)
	}
	batch := consensus.RestoreFilters(c.params, targets, filters)
	return batch.Len() == len(filters) && c.AddFilters(batch) == nil
}
