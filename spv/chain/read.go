package chain

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Header returns the header at a height of the main chain.
func (r *Reader) Header(h consensus.Height) (header consensus.Header, err error) {
	err = r.readHeaders(fmt.Sprintf("read header %d", h), h, func(row store.HeaderRow, _ *store.Rows) error {
		header = *row.Header(h)
		return nil
	})
	return header, err
}

// Hash returns the hash of the block at a height of the main chain.
func (r *Reader) Hash(h consensus.Height) (hash chainhash.Hash, err error) {
	err = r.readHeaders(fmt.Sprintf("read hash %d", h), h, func(row store.HeaderRow, _ *store.Rows) error {
		hash = row.Hash(h)
		return nil
	})
	return hash, err
}

// HeightOf returns the height of a block of the main chain.
func (r *Reader) HeightOf(hash chainhash.Hash) (h consensus.Height, err error) {
	err = r.store.View(fmt.Sprintf("find block %v", hash), func(tx *store.Txn) error {
		h, err = store.FindHash(tx, &hash)
		return err
	})
	return h, err
}

// Filter returns the filter of the block at a height of the main chain. ErrBelowFloor says
// that the store does not keep it.
func (r *Reader) Filter(h consensus.Height) (filter []byte, err error) {
	err = r.store.View(fmt.Sprintf("read filter %d", h), func(tx *store.Txn) error {
		tip, err := store.ReadTip(tx)
		if err == nil {
			err = tip.Has(h, h)
		}
		if err != nil {
			return err
		}
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		var row store.FilterRow
		if err := row.Read(b, h); err != nil {
			return store.Missing(err, "filter %d", h)
		}
		filter = append([]byte{}, row.Filters[h-row.First]...)
		return nil
	})
	return filter, err
}

// MedianTime returns the median time of the eleven blocks of the main chain
// that end at a height.
func (r *Reader) MedianTime(h consensus.Height) (median time.Time, err error) {
	err = r.readHeaders(fmt.Sprintf("read median time %d", h), h, func(row store.HeaderRow, b *store.Rows) error {
		view := rowsView{bucket: b, row: row}
		t := consensus.MedianTime(&view, h)
		median = time.Unix(t, 0)
		return view.err
	})
	return median, err
}

// WorkAt returns the work of the main chain up to a height, genesis block
// included.
func (r *Reader) WorkAt(h consensus.Height) (work uint256.Uint256, err error) {
	err = r.readHeaders(fmt.Sprintf("read work %d", h), h, func(row store.HeaderRow, _ *store.Rows) error {
		work = row.Work(h)
		return nil
	})
	return work, err
}

// readHeaders calls fn with the header row that has a height.
func (r *Reader) readHeaders(op string, h consensus.Height, fn func(row store.HeaderRow, b *store.Rows) error) error {
	return r.store.View(op, func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketHeaders)
		if err != nil {
			return err
		}
		row, err := store.ReadHeaderRow(b, h)
		if err != nil {
			return err
		}
		return fn(row, b)
	})
}

// rowsView is the main chain on disk as the rules see it, inside a transaction.
type rowsView struct {
	bucket *store.Rows
	row    store.HeaderRow // the one that was read last
	err    error
}

// At implements Ancestors.
func (v *rowsView) At(h consensus.Height) *consensus.Header {
	if h < v.row.First || h >= v.row.End() {
		row, err := store.ReadHeaderRow(v.bucket, h)
		if err != nil {
			v.err = err
			return nil
		}
		v.row = row
	}
	return v.row.Header(h)
}
