package chain

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// Header returns the header at a height of the main chain.
func (c *Chain) Header(h consensus.Height) (header consensus.Header, err error) {
	err = c.readHeaders(fmt.Sprintf("read header %d", h), h, func(row headerRow, _ *rows) error {
		header = *row.header(h)
		return nil
	})
	return header, err
}

// Hash returns the hash of the block at a height of the main chain.
func (c *Chain) Hash(h consensus.Height) (hash chainhash.Hash, err error) {
	err = c.readHeaders(fmt.Sprintf("read hash %d", h), h, func(row headerRow, _ *rows) error {
		hash = row.hash(h)
		return nil
	})
	return hash, err
}

// HeightOf returns the height of a block of the main chain.
func (c *Chain) HeightOf(hash chainhash.Hash) (h consensus.Height, err error) {
	err = c.store.view(fmt.Sprintf("find block %v", hash), func(tx *txn) error {
		h, err = findHash(tx, &hash)
		return err
	})
	return h, err
}

// Filter returns the filter of the block at a height of the main chain. ErrBelowFloor says
// that the store does not keep it.
func (c *Chain) Filter(h consensus.Height) (filter []byte, err error) {
	err = c.store.view(fmt.Sprintf("read filter %d", h), func(tx *txn) error {
		tip, err := readTip(tx)
		if err == nil {
			err = tip.has(h, h)
		}
		if err != nil {
			return err
		}
		b, err := bucketOf(tx, bucketFilters)
		if err != nil {
			return err
		}
		var row filterRow
		if err := row.read(b, h); err != nil {
			return missing(err, "filter %d", h)
		}
		filter = append([]byte{}, row.filters[h-row.first]...)
		return nil
	})
	return filter, err
}

// MedianTime returns the median time of the eleven blocks of the main chain
// that end at a height.
func (c *Chain) MedianTime(h consensus.Height) (median time.Time, err error) {
	err = c.readHeaders(fmt.Sprintf("read median time %d", h), h, func(row headerRow, b *rows) error {
		view := rowsView{bucket: b, row: row}
		t := consensus.MedianTime(&view, h)
		median = time.Unix(t, 0)
		return view.err
	})
	return median, err
}

// WorkAt returns the work of the main chain up to a height, genesis block
// included.
func (c *Chain) WorkAt(h consensus.Height) (work uint256.Uint256, err error) {
	err = c.readHeaders(fmt.Sprintf("read work %d", h), h, func(row headerRow, _ *rows) error {
		work = row.work(h)
		return nil
	})
	return work, err
}

// readHeaders calls fn with the header row that has a height.
func (c *Chain) readHeaders(op string, h consensus.Height, fn func(row headerRow, b *rows) error) error {
	return c.store.view(op, func(tx *txn) error {
		b, err := bucketOf(tx, bucketHeaders)
		if err != nil {
			return err
		}
		row, err := readHeaderRow(b, h)
		if err != nil {
			return err
		}
		return fn(row, b)
	})
}

// rowsView is the main chain on disk as the rules see it, inside a transaction.
type rowsView struct {
	bucket *rows
	row    headerRow // the one that was read last
	err    error
}

// At implements Ancestors.
func (v *rowsView) At(h consensus.Height) *consensus.Header {
	if h < v.row.first || h >= v.row.end() {
		row, err := readHeaderRow(v.bucket, h)
		if err != nil {
			v.err = err
			return nil
		}
		v.row = row
	}
	return v.row.header(h)
}
