package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// LeftBlocks is for how many blocks below the tip the wallet remembers which blocks it has
// taken back, and what they held.
const LeftBlocks = chain.StaleBlocks

// The left bucket: blocks that the wallet has taken back. Keys: height (u32), hash. Values:
// height (u32) and hash of the block remembered below it, whether the block disapproved
// the one before it (u8, 0 or 1).
var LeftBucket = []byte("left")

// The taken bucket: transactions of blocks that the wallet has taken back. Keys: place,
// block hash. Values are those of the mined bucket.
var TakenBucket = []byte("taken")

// AddLeft is the upgrade to the format that remembers what was taken back.
func AddLeft(tx *bolt.Tx) error {
	var errs []error
	for _, name := range [][]byte{LeftBucket, TakenBucket} {
		_, err := tx.CreateBucketIfNotExists(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Left is a block that the wallet has taken back.
type Left struct {
	consensus.BlockID
	Parent      consensus.BlockID // the highest block below it that was remembered
	Disapproves bool              // it made the regular transactions of the block before it void
}

func (l *Left) Key() []byte { return rows.AppendBlockID(nil, l.BlockID) }

func (l *Left) Encode() []byte { return append(rows.AppendBlockID(nil, l.Parent), bit(l.Disapproves)) }

// TakenKey returns the key of a transaction in the taken bucket.
func (m *Mined) TakenKey() []byte { return append(txn.PlaceKey(m.Place), m.Block[:]...) }

func DecodeLeft(k, v []byte) (Left, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	l := Left{BlockID: key.BlockID(), Parent: r.BlockID()}
	disapproves := r.U8()
	l.Disapproves = disapproves == 1
	r.Bad = r.Bad || disapproves > 1 || l.Parent.Height >= l.Height
	return l, errors.Join(key.Done(), r.Done())
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// DeleteBelow deletes the rows of a bucket below a key.
func DeleteBelow(b *bolt.Bucket, key []byte) error {
	for {
		k, _ := b.Cursor().First()
		if k == nil || bytes.Compare(k, key) >= 0 {
			return nil
		}
		if err := b.Delete(bytes.Clone(k)); err != nil {
			return err
		}
	}
}

// GetLeft returns the block of a hash that was taken back.
func GetLeft(tx *bolt.Tx, hash chainhash.Hash) (l Left, ok bool, err error) {
	c := tx.Bucket(LeftBucket).Cursor()
	for k, v := c.Last(); k != nil; k, v = c.Prev() {
		if bytes.HasSuffix(k, hash[:]) {
			l, err = DecodeLeft(k, v)
			return l, true, err
		}
	}
	return l, false, nil
}

// WasDisapproved reports whether a block was taken back that had disapproved a given one.
func WasDisapproved(tx *bolt.Tx, id consensus.BlockID) (bool, error) {
	c := tx.Bucket(LeftBucket).Cursor()
	next := rows.Key(uint32(id.Height) + 1)
	for k, v := c.Seek(next); bytes.HasPrefix(k, next); k, v = c.Next() {
		l, err := DecodeLeft(k, v)
		if err != nil || l.Disapproves && l.Parent == id {
			return err == nil, err
		}
	}
	return false, nil
}

// TakenIn returns the transactions that were taken back with a block, and with those
// below it down to the one that was remembered.
func TakenIn(tx *bolt.Tx, l *Left) ([]*Mined, error) {
	var list []*Mined
	c := tx.Bucket(TakenBucket).Cursor()
	for k, v := c.Seek(rows.Key(uint32(l.Parent.Height) + 1)); len(k) > txn.PlaceSize && consensus.Height(binary.BigEndian.Uint32(k)) <= l.Height; k, v = c.Next() {
		m, err := DecodeMined(k[:txn.PlaceSize], v)
		if err != nil {
			return nil, err
		}
		if m.Place.Height < l.Height || m.Block == l.Hash {
			list = append(list, m)
		}
	}
	return list, nil
}
