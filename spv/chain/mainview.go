package chain

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// mainView is the main chain with what is staged, as the rules see it. A
// header that could not be read is out of reach for them; err then says why.
type mainView struct {
	params *consensus.Params
	store  *store.Store
	window *recent.Headers
	tip    *store.Tip                           // what is staged
	keep   *consensus.Height                    // the last block that is on disk
	rows   map[consensus.Height]store.HeaderRow // copies of rows below the window, until a write is over
	err    error
}

// maxRowsCached bounds the rows that a view keeps, of 46 kB each. It is more than
// the rules look back.
const maxRowsCached = 32

// At implements Ancestors.
func (v *mainView) At(h consensus.Height) *consensus.Header {
	if l := v.window.At(h); l != nil {
		return &l.Header
	}
	row, ok := v.row(h)
	if !ok {
		return nil
	}
	return row.Header(h)
}

// VersionRun implements consensus.VersionRuns.
func (v *mainView) VersionRun(h consensus.Height) int { return v.window.VersionRun(h) }

// has reports whether a block is on the chain.
func (v *mainView) has(id consensus.BlockID) bool {
	return id.Height >= 0 && id.Height <= v.tip.Headers.Height && v.hash(id.Height) == id.Hash
}

// hash returns the hash of the block at a height that the chain has.
func (v *mainView) hash(h consensus.Height) chainhash.Hash {
	if tip := &v.tip.Headers; h == tip.Height {
		return tip.Hash
	}
	if next := v.At(h + 1); next != nil {
		return next.PrevBlock()
	}
	return chainhash.Hash{}
}

// work returns the work of the chain up to a height.
func (v *mainView) work(h consensus.Height) (w uint256.Uint256) {
	if l := v.window.At(h); l != nil {
		return l.Work
	}
	if row, ok := v.row(h); ok {
		w = row.Work(h)
	}
	return w
}

// row returns a copy of the row on disk that has a height below the window.
func (v *mainView) row(h consensus.Height) (store.HeaderRow, bool) {
	if h < 0 || h > *v.keep {
		return store.HeaderRow{}, false
	}
	if row, ok := v.rows[store.RowStart(h)]; ok {
		return row, true
	}
	var row store.HeaderRow
	err := v.store.View("read headers", func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketHeaders)
		if err != nil {
			return err
		}
		row, err = store.ReadHeaderRow(b, h)
		row = row.Clone()
		return err
	})
	if err != nil {
		v.err = fmt.Errorf("read header %d: %w", h, err)
		return store.HeaderRow{}, false
	}
	if v.rows == nil || len(v.rows) == maxRowsCached {
		v.rows = make(map[consensus.Height]store.HeaderRow)
	}
	v.rows[row.First] = row
	return row, true
}

// failed returns and forgets the error of a read since it was last called.
func (v *mainView) failed() error {
	err := v.err
	v.err = nil
	return err
}
