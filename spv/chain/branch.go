package chain

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Branch is how two branches of the chain part, as far as they are known: one that ends in
// a given block, and one that a locator describes.
type Branch struct {
	// Left are the blocks of the first branch that are not on the main chain, newest
	// first, and Fork the block below them that is.
	Left []consensus.BlockID
	Fork consensus.BlockID

	// Common is the newest block of the locator that is on the main chain.
	Common consensus.BlockID
}

// Branch returns how the branch that ends in a block parts from the main chain, and what
// of a locator, newest first, is on that. Both are of one moment. The error is ErrNotFound
// for a block that neither is on the main chain nor has left it lately, see Stale, and if
// no block of the locator is on the main chain.
func (r *Reader) Branch(hash chainhash.Hash, locator []consensus.BlockID) (br Branch, err error) {
	err = r.store.View(fmt.Sprintf("find branch of %v", hash), func(tx *store.Txn) error {
		if br.Common, err = commonBlock(tx, locator); err != nil {
			return err
		}
		v, err := newStaleView(tx)
		if err != nil {
			return err
		}
		if v.blocks[hash] != nil {
			b, err := v.block(hash)
			br.Left, br.Fork = b.Branch, b.Fork
			return err
		}
		h, err := store.FindHash(tx, &hash)
		br.Fork = consensus.BlockID{Height: h, Hash: hash}
		return err
	})
	return br, err
}

// Ancestor returns the block at a height of the branch that a locator, newest first,
// describes. The error is ErrNotFound unless a block of the locator at that height or
// above is on the main chain.
func (r *Reader) Ancestor(locator []consensus.BlockID, h consensus.Height) (id consensus.BlockID, err error) {
	err = r.store.View(fmt.Sprintf("find ancestor %d", h), func(tx *store.Txn) error {
		common, err := commonBlock(tx, locator)
		if err != nil {
			return err
		}
		if h < 0 || h > common.Height {
			return ErrNotFound
		}
		b, err := store.RowsOf(tx, store.BucketHeaders)
		if err != nil {
			return err
		}
		row, err := store.ReadHeaderRow(b, h)
		if err != nil {
			return store.Missing(err, "header %d", h)
		}
		id = consensus.BlockID{Height: h, Hash: row.Hash(h)}
		return nil
	})
	return id, err
}

// commonBlock returns the newest block of a locator that is on the main chain.
func commonBlock(tx *store.Txn, locator []consensus.BlockID) (consensus.BlockID, error) {
	tip, err := store.ReadTip(tx)
	if err != nil {
		return consensus.BlockID{}, err
	}
	b, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return consensus.BlockID{}, err
	}
	n, err := newestOnMain(b, &tip, locator)
	if err != nil {
		return consensus.BlockID{}, err
	}
	return locator[n], nil
}
