package ledger

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// The found bucket, which is made with its first row. Keys: a height (u32) that the tip had
// when a search of old blocks found something, or above it. Values: the height (u32) of the
// lowest block in which it found something, at such a time.
var FoundBucket = []byte("found")

// PutFound records that a search of old blocks has found something in a block of the height low,
// while the tip was at a height or below it.
func PutFound(tx *bolt.Tx, tip, low consensus.Height) error {
	b, err := tx.CreateBucketIfNotExists(FoundBucket)
	if err != nil {
		return err
	}
	key := rows.Key(uint32(tip))
	if v := b.Get(key); v != nil {
		was, err := decodeFound(key, v)
		if err != nil {
			return err
		}
		low = min(low, was)
	}
	return b.Put(key, rows.Key(uint32(low)))
}

// FoundSince returns the height of the lowest block in which searches of old blocks have found
// something since the tip was at a height, consensus.Never if there is none.
func FoundSince(tx *bolt.Tx, tip consensus.Height) (low consensus.Height, err error) {
	low = consensus.Never
	b := tx.Bucket(FoundBucket)
	if b == nil {
		return low, nil
	}
	c := b.Cursor()
	for k, v := c.Seek(rows.Key(uint32(tip))); k != nil; k, v = c.Next() {
		h, err := decodeFound(k, v)
		if err != nil {
			return low, err
		}
		low = min(low, h)
	}
	return low, nil
}

func decodeFound(k, v []byte) (consensus.Height, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	tip, low := consensus.Height(key.U32()), consensus.Height(r.U32())
	r.Bad = r.Bad || low < 1 || low > tip
	return low, errors.Join(key.Done(), r.Done())
}

// CheckFound returns ErrCorrupt for a row of the found bucket that is damaged.
func CheckFound(k, v []byte) error {
	if _, err := decodeFound(k, v); err != nil {
		return fmt.Errorf("read what was found while the tip was at %x: %w", k, err)
	}
	return nil
}
