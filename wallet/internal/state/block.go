package state

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// Which blocks the wallet remembers. Deeper reorganisations than the newest
// ones remembered without gaps fall back to the next one remembered.
const (
	DenseBlocks  = 288  // the newest, one day's worth on the main network
	sparseBlocks = 1000 // below that, one in as many, and the genesis block
)

// Block is a block of the chain that the wallet has applied.
type Block struct {
	consensus.BlockID
	Time uint32 // Unix seconds
}

func (b Block) When() time.Time { return time.Unix(int64(b.Time), 0) }

// The blocks bucket. Keys are heights (u32). Values: hash, Unix seconds of the
// block (u32).
var blocksBucket = []byte("blocks")

func (b Block) encode() []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), b.Hash[:]...), b.Time)
}

func decodeBlock(k, v []byte) (Block, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	b := Block{BlockID: consensus.BlockID{Height: consensus.Height(key.U32()), Hash: r.Hash()}, Time: r.U32()}
	if key.Done() != nil || b.Height < 0 {
		return b, ErrCorrupt
	}
	return b, r.Done()
}

func loadBlocks(tx *bolt.Tx) ([]Block, error) {
	blocks, err := rows.Load(tx.Bucket(blocksBucket), "block", decodeBlock)
	if err == nil && (len(blocks) == 0 || blocks[0].Height != 0) {
		return nil, fmt.Errorf("read blocks: no genesis block: %w", ErrCorrupt)
	}
	return blocks, err
}

// saveBlocks makes the bucket hold list, of which old was the former value.
func saveBlocks(tx *bolt.Tx, old, list []Block) error {
	b := tx.Bucket(blocksBucket)
	for len(old) > 0 || len(list) > 0 {
		switch {
		case len(list) == 0 || len(old) > 0 && old[0].Height < list[0].Height:
			if err := b.Delete(rows.Key(uint32(old[0].Height))); err != nil {
				return err
			}
			old = old[1:]
		case len(old) > 0 && old[0] == list[0]:
			old, list = old[1:], list[1:]
		default:
			if err := b.Put(rows.Key(uint32(list[0].Height)), list[0].encode()); err != nil {
				return err
			}
			if len(old) > 0 && old[0].Height == list[0].Height {
				old = old[1:]
			}
			list = list[1:]
		}
	}
	return nil
}

// BlockAt returns the remembered block of a height.
func BlockAt(list []Block, h consensus.Height) (Block, bool) {
	i, ok := slices.BinarySearchFunc(list, h, func(b Block, h consensus.Height) int { return int(b.Height - h) })
	if !ok {
		return Block{}, false
	}
	return list[i], true
}

// BlockBelow returns the highest remembered block not above a height.
func BlockBelow(list []Block, h consensus.Height) Block {
	i, ok := slices.BinarySearchFunc(list, h, func(b Block, h consensus.Height) int { return int(b.Height - h) })
	if !ok {
		i--
	}
	return list[i]
}

// Remember returns which blocks to keep of some up to a tip and others, in
// height order. Both lists are in height order, and may overlap in blocks that
// are the same. Kept are as many of the newest as said, one in sparseBlocks
// below, the genesis block, and those named besides the tip.
func Remember(list, more []Block, newest, tip consensus.Height, named ...consensus.Height) []Block {
	kept := make([]Block, 0, len(list)+len(more)/sparseBlocks+DenseBlocks)
	keep := func(b Block) {
		if b.Height > tip-newest || b.Height%sparseBlocks == 0 || slices.Contains(named, b.Height) {
			kept = append(kept, b)
		}
	}
	for len(list) > 0 || len(more) > 0 {
		switch {
		case len(more) == 0 || len(list) > 0 && list[0].Height < more[0].Height:
			keep(list[0])
			list = list[1:]
		default:
			if len(list) > 0 && list[0].Height == more[0].Height {
				list = list[1:]
			}
			keep(more[0])
			more = more[1:]
		}
	}
	return kept
}

// Locate returns the blocks at and below a height for a locator: the newest
// without gaps as far as they are remembered so, then at distances that
// double, and the genesis block.
func Locate(list []Block, from consensus.Height) []consensus.BlockID {
	var ids []consensus.BlockID
	for h, step := from, consensus.Height(1); h > 0; h -= step {
		b := BlockBelow(list, h)
		if b.Height == 0 {
			break
		}
		ids = append(ids, b.BlockID)
		if h = b.Height; len(ids) >= DenseBlocks {
			step *= 2
		}
	}
	return append(ids, list[0].BlockID)
}

// The releasing bucket, which is there between the steps of a rollback: what these have
// taken back, and the last one releases. Keys are places, values those of the mined bucket.
var ReleasingBucket = []byte("releasing")

// RememberAlso adds a block of the tip's chain to those remembered.
func (s *Snapshot) RememberAlso(b Block) {
	if _, known := BlockAt(s.Blocks, b.Height); !known {
		i := slices.Index(s.Blocks, BlockBelow(s.Blocks, b.Height)) + 1
		s.Blocks = slices.Insert(slices.Clone(s.Blocks), i, b)
	}
}
