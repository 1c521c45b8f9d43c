package chain

import (
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// HeadersAfter calls fn with the headers of the main chain that follow the first block of a
// locator on it, or the genesis block if none is, up to the block stop if that is among them:
// at most so many, and none of a block whose filter is not there yet. With an empty locator it is
// called with the header of stop alone. So a full node answers getheaders, whose chain never has
// a block without its filter. It returns the number of headers. They are of one state of the
// chain and are valid until fn returns; fn must not take long.
//
// Whether the main chain has a block is looked up without a check of the whole index, so that
// locators of unknown hashes cost little: in a damaged store an answer may begin too low.
func (r *Reader) HeadersAfter(locator []chainhash.Hash, stop chainhash.Hash, most int, fn func(h *consensus.Header)) (n int, err error) {
	err = r.store.View("read headers after a locator", func(tx *store.Txn) error {
		tip, err := store.ReadTip(tx)
		if err != nil {
			return err
		}
		b, err := store.RowsOf(tx, store.BucketHeaders)
		if err != nil {
			return err
		}
		known := locator
		if len(locator) == 0 {
			known, most = []chainhash.Hash{stop}, min(most, 1)
		}
		at, err := newestOf(tx, &tip, known)
		switch {
		case len(locator) > 0 && errors.Is(err, ErrNotFound):
			at = 0
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		from := at + 1
		if len(locator) == 0 {
			from = at
		}
		end := min(tip.Top(), from+consensus.Height(most)-1)
		for h := from; h <= end; {
			row, err := store.ReadHeaderRow(b, h)
			if err != nil {
				return store.Missing(err, "header %d", h)
			}
			for ; h <= end && h < row.End(); h++ {
				fn(row.Header(h))
				n++
				if row.Hash(h) == stop {
					return nil
				}
			}
		}
		return nil
	})
	return n, err
}

// newestOf returns the height of the first block of a locator that is on the main chain with its
// filter.
func newestOf(tx *store.Txn, tip *store.Tip, locator []chainhash.Hash) (consensus.Height, error) {
	for i := range locator {
		h, err := lookHash(tx, &locator[i])
		if err == nil && h <= tip.Top() {
			return h, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return 0, err
		}
	}
	return 0, ErrNotFound
}

// FiltersBetween calls fn with the hash and the filter of each block of the main chain from one
// block to another, both included. They are of one state of the chain and are valid until fn
// returns; fn must not take long. ErrNotFound says that one of the blocks is not on the main
// chain, that they are in the wrong order or more than most, or that a filter of them is not
// there, or is not proven yet: then fn was not called. It wraps ErrBelowFloor if the filters are
// not kept.
func (r *Reader) FiltersBetween(start, end chainhash.Hash, most int, fn func(hash *chainhash.Hash, filter []byte)) error {
	st, active := r.State(), r.params.DCP0005
	return r.store.View("read filters between blocks", func(tx *store.Txn) error {
		tip, err := store.ReadTip(tx)
		if err != nil {
			return err
		}
		to, err := lookHash(tx, &end)
		if err != nil {
			return err
		}
		from, err := lookHash(tx, &start)
		switch {
		case err != nil:
			return err
		case from > to, int64(to)-int64(from) >= int64(most):
			return fmt.Errorf("filters %d-%d: %w", from, to, ErrNotFound)
		case from < active && (!st.EarlyProven || st.Floor != tip.Floor || tip.Filters.Height < active-1): // they have been fetched again
			return fmt.Errorf("filters %d-%d: %w", from, to, ErrNotFound)
		}
		if err := tip.Has(from, to); err != nil {
			return fmt.Errorf("filters %d-%d: %w", from, to, err)
		}
		return eachFilter(tx, from, to, fn)
	})
}

// eachFilter calls fn with the hash and the filter of each block from one height to another,
// unless one of the filters is not there.
func eachFilter(tx *store.Txn, from, to consensus.Height, fn func(hash *chainhash.Hash, filter []byte)) error {
	filters, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	headers, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return err
	}
	var row store.FilterRow
	if err := row.Read(filters, from); err != nil { // those after it are there too
		return err
	}
	var ids store.HeaderRow
	for h := from; h <= to; h++ {
		if h >= row.End() {
			if err := row.Read(filters, h); err != nil {
				return store.Missing(err, "filter %d", h)
			}
		}
		if h >= ids.End() {
			if ids, err = store.ReadHeaderRow(headers, h); err != nil {
				return store.Missing(err, "header %d", h)
			}
		}
		hash := ids.Hash(h)
		fn(&hash, row.Filters[h-row.First])
	}
	return nil
}

// lookHash is store.FindHash without the check of the whole index: ErrNotFound of a damaged store may
// be wrong.
func lookHash(tx *store.Txn, hash *chainhash.Hash) (consensus.Height, error) {
	segments, err := store.RowsOf(tx, store.BucketHashes)
	if err != nil {
		return 0, err
	}
	headers, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return 0, err
	}
	return store.SearchHash(segments, headers, hash)
}
