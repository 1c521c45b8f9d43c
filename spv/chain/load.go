package chain

import (
	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// readTail reads the end of the store into memory and verifies it: there all
// writing happens, and so there the damage of a crash is, should the system
// have lied about what is durable.
func (c *Chain) readTail(tx *txn) error {
	tip, err := readTip(tx)
	if err != nil {
		return err
	}
	b, err := bucketOf(tx, bucketHeaders)
	if err != nil {
		return err
	}
	first := rowStart(max(tip.headers.Height-consensus.Height(c.recent)+1, 0))
	c.window = newWindow(first, c.recent)
	var last headerRow
	for h := first; h <= tip.headers.Height; h = last.end() {
		row, err := readHeaderRow(b, h)
		if err != nil {
			return missing(err, "header %d", h)
		}
		if err := row.verify(last); err != nil {
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
	if c.params.DCP0005 > 0 {
		if c.early, err = readEarly(tx); err != nil {
			return err
		}
		if want := tip.earlyHashed(c.params.DCP0005); c.early.Next() != want {
			return corrupt("early filters are hashed below %d and not below %d", c.early.Next(), want)
		}
	}
	if err := c.findContradicted(tx, tip.headers.Height); err != nil {
		return err
	}
	if err := c.recallEarly(tx, &tip); err != nil {
		return err
	}
	if err := c.findLeftover(tx, tip.floor); err != nil {
		return err
	}
	c.disk, c.tip = tip, tip
	c.keep, c.keepFilters = tip.headers.Height, tip.filters.Height
	state := newState(c.params, &tip, c.earlyProven, &c.window.at(tip.headers.Height).header)
	c.flushed.Store(&state)
	return nil
}

// findLeftover finds out whether there are filters below the floor.
func (c *Chain) findLeftover(tx *txn, floor consensus.Height) error {
	b, err := bucketOf(tx, bucketFilters)
	if err != nil {
		return err
	}
	keys, err := rowsBelow(b, floor, 1)
	c.leftover = len(keys) > 0
	return err
}

// pushRow puts the headers of a row on disk into the window.
func (c *Chain) pushRow(row headerRow) {
	work := row.workBefore()
	for h := row.first; h < row.end(); h++ {
		header := row.header(h)
		work.Add(c.memo.of(header.Bits()))
		c.window.push(header, &work, h)
	}
}

// verify verifies that a row holds linked headers of the right heights, and
// that it follows another row if there is one.
func (r headerRow) verify(before headerRow) error {
	if before.body != nil {
		last := before.end() - 1
		if r.first != before.end() || r.header(r.first).PrevBlock() != before.hash(last) || r.workBefore() != before.work(last) {
			return corrupt("header row %d does not follow the row before it", r.first)
		}
	}
	for h := r.first; h < r.end(); h++ {
		if r.header(h).Height() != h {
			return corrupt("header %d claims height %d", h, r.header(h).Height())
		}
	}
	last := r.end() - 1
	if r.header(last).Hash() != r.hash(last) {
		return corrupt("header %d does not have its hash", last)
	}
	return nil
}

// verifyTip verifies that the store ends where its tip says.
func verifyTip(tx *txn, tip *storeTip, last headerRow) error {
	end := last.end() - 1
	switch {
	case end != tip.headers.Height || last.hash(end) != tip.headers.Hash:
		return corrupt("headers end at %d and not at the tip %d", end, tip.headers.Height)
	case last.work(end) != tip.work:
		return corrupt("the tip %d does not have the work of its chain", end)
	}
	if err := verifyFiltersEnd(tx, tip.filters, tip.floor > tip.filters.Height); err != nil || !tip.above.Any() {
		return err
	}
	if err := verifyFiltersEnd(tx, tip.above.Last, false); err != nil {
		return err
	}
	b, err := bucketOf(tx, bucketFilters)
	if err != nil {
		return err
	}
	var row filterRow
	if err := row.read(b, tip.above.First); err != nil || row.first != tip.above.First {
		return corrupt("no row of filters begins at %d", tip.above.First)
	}
	return nil
}

// verifyFiltersEnd verifies that a block is on disk, and that its filter is the last one of a
// row, unless there are no filters.
func verifyFiltersEnd(tx *txn, end consensus.BlockID, none bool) error {
	hash, err := hashOnDisk(tx, end.Height)
	switch {
	case err != nil:
		return err
	case hash != end.Hash:
		return corrupt("filters end at another block %d", end.Height)
	case none:
		return nil
	}
	b, err := bucketOf(tx, bucketFilters)
	if err != nil {
		return err
	}
	var row filterRow
	if err := row.read(b, end.Height); err != nil {
		return missing(err, "filter %d", end.Height)
	}
	if row.end()-1 != end.Height {
		return corrupt("filters end at %d and not at %d", row.end()-1, end.Height)
	}
	return nil
}

// hashOnDisk returns the hash of a block that must be there.
func hashOnDisk(tx *txn, h consensus.Height) (hash chainhash.Hash, err error) {
	b, err := bucketOf(tx, bucketHeaders)
	if err != nil {
		return hash, err
	}
	row, err := readHeaderRow(b, h)
	if err != nil {
		return hash, missing(err, "header %d", h)
	}
	return row.hash(h), nil
}
