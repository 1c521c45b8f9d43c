package chain

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// maxInvalid is how many invalid blocks are remembered, the newest. Each of them has
// cost its proof of work.
const maxInvalid = 256

// keyInvalid is the row of the meta bucket with the hashes of invalid blocks, oldest
// first. It is missing as long as there are none.
var keyInvalid = []byte("invalid")

// Invalidate makes the chain leave a block, which is proven to be invalid, and all that
// follow it: for the best other branch that is known, or for the block before until
// there is a better one. From then on headers of the block break RuleInvalid, across
// restarts once this is written. It returns the change of the main chain, nil if the
// block was not part of it. The error is one of the store.
func (c *Chain) Invalidate(id consensus.BlockID) (*Reorganisation, error) {
	if err := c.main.failed(); err != nil || id.Height <= 0 {
		return nil, err
	}
	if !slices.Contains(c.invalid, id.Hash) {
		c.invalid = append(slices.Clone(c.invalid), id.Hash)
		c.invalid = c.invalid[max(0, len(c.invalid)-maxInvalid):]
		c.invalidStaged = true
	}
	if !c.main.has(id) {
		c.side.DropBranch(id.Hash)
		return nil, c.main.failed()
	}
	fork := id.Height - 1
	header := c.main.At(fork)
	if header == nil {
		return nil, c.main.failed()
	}
	re := &Reorganisation{Fork: consensus.BlockID{Height: fork, Hash: c.main.hash(fork)}, From: c.tip.Headers}
	work := c.main.work(fork)
	c.revert(re)
	if err := c.main.failed(); err != nil {
		return nil, err
	}
	c.rewind(re.Fork, recent.Link{Header: *header, Work: work})
	c.long.TakenBack(fork)
	c.goal = nil
	if err := c.tidySide(); err != nil {
		return nil, err
	}
	re.To = c.tip.Headers
	view := c.bestSide()
	if view == nil || !c.better(&view.work, view.fork, view.tip()) {
		return re, c.main.failed()
	}
	other, err := c.reorganise(view)
	if err != nil {
		return re, err
	}
	re.Fork, re.To, re.Reverted = other.Fork, other.To, append(re.Reverted, other.Reverted...)
	return re, c.tidySide()
}

// bestSide returns the side branch with the most work, nil if there is none that may
// become the main chain.
func (c *Chain) bestSide() *sideView {
	best := c.side.Best()
	if best == nil {
		return nil
	}
	path := c.side.Path(best.Hash)
	view := &sideView{main: &c.main, fork: path[0].Height() - 1, path: path, work: best.Work}
	if view.fork < c.lastWaypoint() {
		return nil
	}
	return view
}

// isInvalid reports whether a block was found to be invalid.
func (c *Chain) isInvalid(hash *chainhash.Hash) bool {
	return len(c.invalid) > 0 && slices.Contains(c.invalid, *hash)
}

// readInvalid returns the invalid blocks.
func readInvalid(tx *store.Txn) ([]chainhash.Hash, error) {
	b, err := store.RowsOf(tx, store.BucketMeta)
	if err != nil || b.Get(keyInvalid) == nil {
		return nil, err
	}
	row, err := store.ReadMeta(tx, keyInvalid)
	if err != nil {
		return nil, err
	}
	if len(row)%chainhash.HashSize != 0 || len(row) > maxInvalid*chainhash.HashSize {
		return nil, store.Corrupt("row of invalid blocks has %d bytes", len(row))
	}
	var list []chainhash.Hash
	for hash := range slices.Chunk(row, chainhash.HashSize) {
		list = append(list, chainhash.Hash(hash))
	}
	return list, nil
}

func writeInvalid(tx *store.Txn, list []chainhash.Hash) error {
	row := make([]byte, store.ChecksumSize, store.ChecksumSize+len(list)*chainhash.HashSize)
	for i := range list {
		row = append(row, list[i][:]...)
	}
	return store.WriteMeta(tx, keyInvalid, row)
}
