package chain

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// StaleBlocks is for how many blocks below the tip the headers of blocks that have left
// the main chain are kept: seven days' worth on the main network.
const StaleBlocks = 2016

// stalePerHeight is how many headers of one height are kept, those that left last. Each of
// them has cost its proof of work.
const stalePerHeight = 8

// bucketStale holds the headers of blocks that have left the main chain. It is created with
// the first of them: a store without it has none. Keys are heights. Values: checksum (4),
// then for each block, the one that left last at the end, its hash (32) and header (180).
// A block that has come back is still there until its height is older than StaleBlocks.
var bucketStale = []byte("stale")

const staleEntry = chainhash.HashSize + consensus.HeaderSize

// staleHeader is the header of a block that has left the main chain.
type staleHeader struct {
	consensus.Header
	hash chainhash.Hash
}

// StaleBlock is a block that has left the main chain, and the branch that it ends.
type StaleBlock struct {
	consensus.BlockID
	Header consensus.Header

	// Fork is the last block of the branch that is on the main chain, and Branch the
	// others, newest first: the block itself at the front.
	Fork   consensus.BlockID
	Branch []consensus.BlockID

	// Work is that of the branch up to the block, genesis block included. MedianTime is
	// that of the block and the ten before it.
	Work       uint256.Uint256
	MedianTime time.Time

	// Invalid says that a block of the branch was found to be invalid, see
	// [Chain.Invalidate].
	Invalid bool
}

// Stale returns a block that has left the main chain, if that is no further than
// StaleBlocks below its tip. The error is ErrNotFound for any other block.
func (r *Reader) Stale(hash chainhash.Hash) (b StaleBlock, err error) {
	err = r.store.View(fmt.Sprintf("find stale block %v", hash), func(tx *store.Txn) error {
		v, err := newStaleView(tx)
		if err != nil {
			return err
		}
		b, err = v.block(hash)
		return err
	})
	return b, err
}

// StaleTips returns the newest blocks of the branches that the main chain has left no
// further than StaleBlocks below its tip, the highest first, and that tip.
func (r *Reader) StaleTips() (tip consensus.BlockID, list []StaleBlock, err error) {
	err = r.store.View("list stale branches", func(tx *store.Txn) error {
		v, err := newStaleView(tx)
		if err != nil {
			return err
		}
		tip = v.tip
		list, err = v.tips()
		return err
	})
	return tip, list, err
}

// staleView is the stale blocks inside a transaction.
type staleView struct {
	main    rowsView
	tip     consensus.BlockID
	blocks  map[chainhash.Hash]*staleHeader // those that are not on the main chain
	invalid []chainhash.Hash
}

func newStaleView(tx *store.Txn) (*staleView, error) {
	tip, err := store.ReadTip(tx)
	if err != nil {
		return nil, err
	}
	headers, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return nil, err
	}
	v := &staleView{tip: tip.Headers, blocks: make(map[chainhash.Hash]*staleHeader)}
	v.main.bucket = headers
	if v.invalid, err = readInvalid(tx); err != nil {
		return nil, err
	}
	err = eachStale(tx, max(0, tip.Headers.Height-StaleBlocks+1), func(h consensus.Height, list []staleHeader) error {
		for i := range list {
			on, err := v.onMain(consensus.BlockID{Height: h, Hash: list[i].hash})
			if err != nil {
				return err
			}
			if !on {
				v.blocks[list[i].hash] = &list[i]
			}
		}
		return nil
	})
	return v, err
}

// onMain reports whether a block is on the main chain.
func (v *staleView) onMain(id consensus.BlockID) (bool, error) {
	if id.Height > v.tip.Height {
		return false, nil
	}
	row, err := store.ReadHeaderRow(v.main.bucket, id.Height)
	if err != nil {
		return false, store.Missing(err, "header %d", id.Height)
	}
	return row.Hash(id.Height) == id.Hash, nil
}

// block describes a stale block. The error is ErrNotFound if there is none, or if one of
// its ancestors is not kept.
func (v *staleView) block(hash chainhash.Hash) (StaleBlock, error) {
	at := v.blocks[hash]
	if at == nil {
		return StaleBlock{}, ErrNotFound
	}
	b := StaleBlock{BlockID: consensus.BlockID{Height: at.Height(), Hash: hash}, Header: at.Header}
	var branch branchView
	for ; at != nil; at = v.blocks[at.PrevBlock()] {
		branch.path = append(branch.path, at)
		b.Branch = append(b.Branch, consensus.BlockID{Height: at.Height(), Hash: at.hash})
		b.Invalid = b.Invalid || slices.Contains(v.invalid, at.hash)
		b.Fork = consensus.BlockID{Height: at.Height() - 1, Hash: at.PrevBlock()}
	}
	on, err := v.onMain(b.Fork)
	if err != nil {
		return b, err
	}
	if !on {
		return b, ErrNotFound
	}
	row, err := store.ReadHeaderRow(v.main.bucket, b.Fork.Height)
	if err != nil {
		return b, store.Missing(err, "header %d", b.Fork.Height)
	}
	v.main.row = row
	b.Work = row.Work(b.Fork.Height)
	for _, h := range branch.path {
		work := consensus.Work(h.Bits())
		b.Work.Add(&work)
	}
	branch.main, branch.fork = &v.main, b.Fork.Height
	b.MedianTime = time.Unix(consensus.MedianTime(&branch, b.Height), 0)
	return b, v.main.err
}

// tips returns the stale blocks that no other one follows.
func (v *staleView) tips() ([]StaleBlock, error) {
	parents := make(map[chainhash.Hash]bool, len(v.blocks))
	for _, h := range v.blocks {
		parents[h.PrevBlock()] = true
	}
	list := []StaleBlock{}
	for hash := range v.blocks {
		if parents[hash] {
			continue
		}
		b, err := v.block(hash)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b StaleBlock) int {
		return cmp.Or(cmp.Compare(b.Height, a.Height), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	return list, nil
}

// branchView is a branch of stale blocks as the rules see it.
type branchView struct {
	main *rowsView
	fork consensus.Height
	path []*staleHeader // newest first
}

// At implements Ancestors.
func (v *branchView) At(h consensus.Height) *consensus.Header {
	if h <= v.fork {
		return v.main.At(h)
	}
	return &v.path[len(v.path)-int(h-v.fork)].Header
}

// leave stages the header of a block that leaves the main chain.
func (c *Chain) leave(h *consensus.Header, hash chainhash.Hash) {
	if len(c.stale) == StaleBlocks {
		c.stale = slices.Delete(c.stale, 0, 1)
	}
	c.stale = append(c.stale, staleHeader{*h, hash})
}

// writeStale adds blocks that have left the main chain, and drops those that are too far
// below a tip.
func writeStale(tx *store.Txn, left []staleHeader, tip consensus.Height) error {
	if len(left) == 0 {
		return nil
	}
	b, err := tx.CreateBucketIfNotExists(bucketStale)
	if err != nil {
		return err
	}
	oldest := max(0, tip-StaleBlocks+1)
	byHeight := make(map[consensus.Height][]staleHeader)
	for _, h := range left {
		if h.Height() >= oldest {
			byHeight[h.Height()] = append(byHeight[h.Height()], h)
		}
	}
	for h, list := range byHeight {
		key := store.HeightKey(h)
		old, err := readStale(key, b.Get(key))
		if err != nil {
			return err
		}
		row := encodeStale(old, list)
		store.Seal(key, row)
		if err := b.Put(key, row); err != nil {
			return err
		}
	}
	for {
		key, _ := b.Cursor().First()
		if key == nil || slices.Compare(key, store.HeightKey(oldest)) >= 0 {
			return nil
		}
		if err := b.Delete(slices.Clone(key)); err != nil {
			return err
		}
	}
}

// encodeStale returns the row of a height with room for the checksum: the newest ones of
// the blocks that were there and others.
func encodeStale(old, more []staleHeader) []byte {
	list := slices.Clone(old)
	for _, h := range more {
		list = slices.DeleteFunc(list, func(o staleHeader) bool { return o.hash == h.hash })
		list = append(list, h)
	}
	list = list[max(0, len(list)-stalePerHeight):]
	row := make([]byte, store.ChecksumSize, store.ChecksumSize+len(list)*staleEntry)
	for i := range list {
		row = append(append(row, list[i].hash[:]...), list[i].Header[:]...)
	}
	return row
}

// readStale decodes the row of a height; a missing one is empty.
func readStale(key, row []byte) ([]staleHeader, error) {
	if row == nil {
		return nil, nil
	}
	h, err := store.KeyHeight(key)
	if err != nil {
		return nil, err
	}
	body, err := store.Unseal(bucketStale, key, row)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 || len(body)%staleEntry != 0 || len(body) > stalePerHeight*staleEntry {
		return nil, store.Corrupt("row %d of stale blocks has %d bytes", h, len(row))
	}
	var list []staleHeader
	for entry := range slices.Chunk(body, staleEntry) {
		s := staleHeader{consensus.Header(entry[chainhash.HashSize:]), chainhash.Hash(entry[:chainhash.HashSize])}
		if s.Height() != h {
			return nil, store.Corrupt("stale block %v has height %d, not %d", s.hash, s.Height(), h)
		}
		list = append(list, s)
	}
	return list, nil
}

// eachStale calls fn with the stale blocks of each height from one on.
func eachStale(tx *store.Txn, from consensus.Height, fn func(h consensus.Height, list []staleHeader) error) error {
	b := tx.Bucket(bucketStale)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for key, row := c.Seek(store.HeightKey(from)); key != nil; key, row = c.Next() {
		list, err := readStale(key, row)
		if err != nil {
			return err
		}
		if err := fn(list[0].Height(), list); err != nil {
			return err
		}
	}
	return nil
}

// checkStale proves the stale blocks of a store: their form, hashes and proof of work.
func checkStale(p *consensus.Params, tx *store.Txn) error {
	return eachStale(tx, 0, func(_ consensus.Height, list []staleHeader) error {
		for i := range list {
			h := &list[i]
			if hash := h.Header.Hash(); hash != h.hash {
				return store.Corrupt("stale block %v has hash %v", h.hash, hash)
			}
			if err := consensus.CheckHeader(p, &h.Header, &h.hash); err != nil {
				return store.Corrupt("stale block %v: %v", h.hash, err)
			}
		}
		return nil
	})
}
