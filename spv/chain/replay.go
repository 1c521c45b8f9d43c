package chain

import (
	"bytes"

	"github.com/spvd/spvd/spv/consensus"
)

// record returns the record of the write-ahead log for all that is staged, or nil if that
// has to be written to the store: because it takes something off the chain, or is much.
func (c *Chain) record() []byte {
	headers, filters := c.tip.headers.Height-c.keep, c.tip.filters.Height-c.keepFilters
	size := 1 + walRecordHead + walTipSize + 4 + int(headers)*consensus.HeaderSize + 3*int(filters) + c.filterBytes
	switch {
	case c.noWAL, c.cut(), c.floorMoved(), c.tip.above.Any(), c.invalidStaged, len(c.stale) > 0, size > maxRecord:
		return nil
	case segmentStart(c.keep+1) != segmentStart(c.tip.headers.Height+1): // the index gets a row
		return nil
	}
	r := walRecord{
		tip:           c.disk.headers.Hash,
		filtersHeight: c.disk.filters.Height,
		cuts:          c.disk.cuts,
		filters:       c.filters,
	}
	for h := c.keep + 1; h <= c.tip.headers.Height; h++ {
		r.headers = append(r.headers, c.window.at(h).header)
	}
	return r.encode()
}

// replay adds the blocks of the write-ahead log to those of the store. They become
// visible to readers and count as written, as they are in the log.
func (c *Chain) replay() error {
	b, err := c.store.wal.read()
	if err != nil {
		return err
	}
	end, stopped := c.redoAll(b, c.disk.cuts)
	if c.Pending() == 0 {
		return c.main.failed()
	}
	w, err := c.Begin()
	if err != nil {
		return err
	}
	c.store.wal.end, c.store.wal.closed = int64(end), stopped
	c.store.version.Store(&version{newer: (*newerRows)(nil).with(w.plan, w.meta())})
	w.ended()
	c.Finish(w)
	return c.store.view("open", func(tx *txn) error {
		return c.findContradicted(tx, c.tip.headers.Height)
	})
}

// redoAll stages the blocks of the records of a log, one after the other, as far as each
// follows the tip and the cuts that are given. It returns where the last record ends that
// did, and whether it stopped at one that follows but does not prove what it adds.
func (c *Chain) redoAll(b []byte, cuts uint64) (end int, stopped bool) {
	for {
		r, size, ok := parseRecord(b[end:])
		at := c.tip
		at.cuts = cuts
		if !ok || !r.follows(&at) {
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
func (c *Chain) redo(r *walRecord) bool {
	for i := range r.headers {
		h := &r.headers[i]
		hash := h.Hash()
		if h.PrevBlock() != c.tip.headers.Hash || h.Height() != c.tip.headers.Height+1 || c.isInvalid(&hash) {
			return false
		}
		if consensus.CheckHeader(c.params, h, &hash) != nil {
			return false
		}
		c.push(h, hash)
	}
	if len(r.filters) == 0 {
		return true
	}
	targets, err := c.FilterTargets(c.tip.filters.Height+1, len(r.filters))
	if err != nil || len(targets) < len(r.filters) {
		return false
	}
	filters := make([][]byte, len(r.filters))
	for i, f := range r.filters {
		filters[i] = bytes.Clone(f)
	}
	batch := consensus.RestoreFilters(c.params, targets, filters)
	return batch.Len() == len(filters) && c.AddFilters(batch) == nil
}
