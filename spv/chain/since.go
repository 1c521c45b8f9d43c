package chain

import (
	"fmt"
	"slices"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Since returns the step from a place in the chain towards its end: from the
// newest block of the locator that is on the main chain. The blocks of the
// locator above it, which is ordered newest first, are reverted, and up to limit
// blocks that follow it are applied, but none whose filter is not there yet.
// ErrNotFound says that no block of the locator is on the main chain.
func (r *Reader) Since(locator []consensus.BlockID, limit int) (u Update, err error) {
	return r.SinceIn(nil, locator, limit)
}

// SinceIn is Since, with the applied blocks in the memory of an earlier update that is no
// longer used, as far as it goes: a caller of many large steps makes no garbage this way.
func (r *Reader) SinceIn(memory []Block, locator []consensus.BlockID, limit int) (u Update, err error) {
	err = r.store.View("read update", func(tx *store.Txn) error {
		tip, err := store.ReadTip(tx)
		if err != nil {
			return err
		}
		b, err := store.RowsOf(tx, store.BucketHeaders)
		if err != nil {
			return err
		}
		n, err := newestOnMain(b, &tip, locator)
		if err != nil {
			return err
		}
		u.Reverted = append([]consensus.BlockID(nil), locator[:n]...)
		from := locator[n].Height + 1
		count := min(int64(limit), int64(tip.Filters.Height)+1-int64(from))
		u.Applied, err = readBlocks(memory[:0], b, from, int(count))
		u.More = int64(from)+max(count, 0) <= int64(tip.Filters.Height)
		return err
	})
	return u, err
}

// newestOnMain returns the index of the first block of the locator that is on
// the main chain.
func newestOnMain(b *store.Rows, tip *store.Tip, locator []consensus.BlockID) (int, error) {
	for i, id := range locator {
		if id.Height < 0 || id.Height > tip.Headers.Height {
			continue
		}
		row, err := store.ReadHeaderRow(b, id.Height)
		if err != nil {
			return 0, store.Missing(err, "header %d", id.Height)
		}
		if row.Hash(id.Height) == id.Hash {
			return i, nil
		}
	}
	return 0, fmt.Errorf("none of %d blocks is on the main chain: %w", len(locator), ErrNotFound)
}

// readBlocks appends n headers from a height on.
func readBlocks(blocks []Block, b *store.Rows, from consensus.Height, n int) ([]Block, error) {
	if n <= 0 {
		return blocks, nil
	}
	blocks = slices.Grow(blocks, n)
	for h, end := from, from+consensus.Height(n); h < end; {
		row, err := store.ReadHeaderRow(b, h)
		if err != nil {
			return nil, store.Missing(err, "header %d", h)
		}
		for ; h < min(end, row.End()); h++ {
			blocks = append(blocks, Block{BlockID: consensus.BlockID{Height: h, Hash: row.Hash(h)}, Header: *row.Header(h)})
		}
	}
	return blocks, nil
}
