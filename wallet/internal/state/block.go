package state

import (
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// The blocks bucket. Keys are heights (u32). Values: hash, Unix seconds of the
// block (u32).
var blocksBucket = []byte("blocks")

func encodeBlock(b remembered.Block) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), b.Hash[:]...), b.Time)
}

func decodeBlock(k, v []byte) (remembered.Block, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	b := remembered.Block{BlockID: consensus.BlockID{Height: consensus.Height(key.U32()), Hash: r.Hash()}, Time: r.U32()}
	if key.Done() != nil || b.Height < 0 {
		return b, ErrCorrupt
	}
	return b, r.Done()
}

func loadBlocks(tx *bolt.Tx) ([]remembered.Block, error) {
	blocks, err := rows.Load(tx.Bucket(blocksBucket), "block", decodeBlock)
	if err == nil && (len(blocks) == 0 || blocks[0].Height != 0) {
		return nil, fmt.Errorf("read blocks: no genesis block: %w", ErrCorrupt)
	}
	return blocks, err
}

// saveBlocks makes the bucket hold list, of which old was the former value.
func saveBlocks(tx *bolt.Tx, old, list []remembered.Block) error {
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
			if err := b.Put(rows.Key(uint32(list[0].Height)), encodeBlock(list[0])); err != nil {
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

// The releasing bucket, which is there between the steps of a rollback: what these have
// taken back, and the last one releases. Keys are places, values those of the mined bucket.
var ReleasingBucket = []byte("releasing")

// RememberAlso adds a block of the tip's chain to those remembered.
func (s *Snapshot) RememberAlso(b remembered.Block) {
	if _, known := remembered.At(s.Blocks, b.Height); !known {
		i := slices.Index(s.Blocks, remembered.Below(s.Blocks, b.Height)) + 1
		s.Blocks = slices.Insert(slices.Clone(s.Blocks), i, b)
	}
}
