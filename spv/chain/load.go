package chain

import (
	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// readTail reads the end of the store into memory and verifies it: there all
// writing happens, and so there the damage of a crash is, should the system
// have lied about what is durable.
func (c *Chain) readTail(tx *store.Txn) error {
	tip, err := store.ReadTip(tx)
	if err != nil {
		return err
	}
	b, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return err
	}
	first := store.RowStart(max(tip.Headers.Height-consensus.Height(c.recent)+1, 0))
	c.window = recent.New(first, c.recent)
	var last store.HeaderRow
	for h := first; h <= tip.Headers.Height; h = last.End() {
		row, err := store.ReadHeaderRow(b, h)
		if err != nil {
			return store.Missing(err, "header %d", h)
		}
		if err := verifyRow(row, last); err != nil {
			return err
		}
		last = row
		c.pushRow(row)
	}
	if err := verifyTip(tx, &tip, last); err != nil {
		return err
	}
	if c.invalid, err = readInvalid(tx); err != nil {
		return err
	}
	if err := c.findContradicted(tx, tip.Headers.Height); err != nil {
		return err
	}
	if err := c.loadEarly(tx, &tip); err != nil {
		return err
	}
	if c.leftover, err = hasLeftover(tx, tip.Floor); err != nil {
		return err
	}
	c.disk, c.tip = tip, tip
	c.keep, c.keepFilters = tip.Headers.Height, tip.Filters.Height
	state := newState(c.params, &tip, c.early.Proven(), &c.window.At(tip.Headers.Height).Header)
	c.flushed.Store(&state)
	return nil
}

// loadEarly reads how far the early filters are hashed, and finds out whether they are the known
// ones.
func (c *Chain) loadEarly(tx *store.Txn, tip *store.Tip) error {
	var hash consensus.EarlyFilterHash
	if active := c.params.DCP0005; active > 0 {
		var err error
		if hash, err = store.ReadEarly(tx); err != nil {
			return err
		}
		if want := tip.EarlyHashed(active); hash.Next() != want {
			return store.Corrupt("early filters are hashed below %d and not below %d", hash.Next(), want)
		}
	}
	return c.early.Load(&hash, tip.Floor, tip.Filters.Height, func() ([]byte, error) { return c.filterAtDCP0005(tx) })
}

// pushRow puts the headers of a row on disk into the window.
func (c *Chain) pushRow(row store.HeaderRow) {
	work := row.WorkBefore()
	for h := row.First; h < row.End(); h++ {
		header := row.Header(h)
		work.Add(c.memo.Of(header.Bits()))
		c.window.Push(header, &work, h)
	}
}

// verifyRow verifies that a row holds linked headers of the right heights, and
// that it follows another row if there is one.
func verifyRow(r, before store.HeaderRow) error {
	if !before.None() {
		last := before.End() - 1
		if r.First != before.End() || r.Header(r.First).PrevBlock() != before.Hash(last) || r.WorkBefore() != before.Work(last) {
			return store.Corrupt("header row %d does not follow the row before it", r.First)
		}
	}
	for h := r.First; h < r.End(); h++ {
		if r.Header(h).Height() != h {
			return store.Corrupt("header %d claims height %d", h, r.Header(h).Height())
		}
	}
	last := r.End() - 1
	if r.Header(last).Hash() != r.Hash(last) {
		return store.Corrupt("header %d does not have its hash", last)
	}
	return nil
}

// verifyTip verifies that the store ends where its tip says.
func verifyTip(tx *store.Txn, tip *store.Tip, last store.HeaderRow) error {
	end := last.End() - 1
	switch {
	case end != tip.Headers.Height || last.Hash(end) != tip.Headers.Hash:
		return store.Corrupt("headers end at %d and not at the tip %d", end, tip.Headers.Height)
	case last.Work(end) != tip.Work:
		return store.Corrupt("the tip %d does not have the work of its chain", end)
	}
	if err := verifyFiltersEnd(tx, tip.Filters, tip.Floor > tip.Filters.Height); err != nil || !tip.Above.Any() {
		return err
	}
	if err := verifyFiltersEnd(tx, tip.Above.Last, false); err != nil {
		return err
	}
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	var row store.FilterRow
	if err := row.Read(b, tip.Above.First); err != nil || row.First != tip.Above.First {
		return store.Corrupt("no row of filters begins at %d", tip.Above.First)
	}
	return nil
}

// verifyFiltersEnd verifies that a block is on disk, and that its filter is the last one of a
// row, unless there are no filters.
func verifyFiltersEnd(tx *store.Txn, end consensus.BlockID, none bool) error {
	hash, err := hashOnDisk(tx, end.Height)
	switch {
	case err != nil:
		return err
	case hash != end.Hash:
		return store.Corrupt("filters end at another block %d", end.Height)
	case none:
		return nil
	}
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	var row store.FilterRow
	if err := row.Read(b, end.Height); err != nil {
		return store.Missing(err, "filter %d", end.Height)
	}
	if row.End()-1 != end.Height {
		return store.Corrupt("filters end at %d and not at %d", row.End()-1, end.Height)
	}
	return nil
}

// hashOnDisk returns the hash of a block that must be there.
func hashOnDisk(tx *store.Txn, h consensus.Height) (hash chainhash.Hash, err error) {
	b, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return hash, err
	}
	row, err := store.ReadHeaderRow(b, h)
	if err != nil {
		return hash, store.Missing(err, "header %d", h)
	}
	return row.Hash(h), nil
}
