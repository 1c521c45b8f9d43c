package wallet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// leftBlocks is for how many blocks below the tip the wallet remembers which blocks it has
// taken back, and what they held.
const leftBlocks = chain.StaleBlocks

// The left bucket: blocks that the wallet has taken back. Keys: height (u32), hash. Values:
// height (u32) and hash of the block remembered below it, whether the block disapproved
// the one before it (u8, 0 or 1).
var leftBucket = []byte("left")

// The taken bucket: transactions of blocks that the wallet has taken back. Keys: place,
// block hash. Values are those of the mined bucket.
var takenBucket = []byte("taken")

// addLeft is the upgrade to the format that remembers what was taken back.
func addLeft(tx *bolt.Tx) error {
	var errs []error
	for _, name := range [][]byte{leftBucket, takenBucket} {
		_, err := tx.CreateBucketIfNotExists(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// left is a block that the wallet has taken back.
type left struct {
	consensus.BlockID
	parent      consensus.BlockID // the highest block below it that was remembered
	disapproves bool              // it made the regular transactions of the block before it void
}

func (l *left) key() []byte { return appendBlockID(nil, l.BlockID) }

func (l *left) encode() []byte { return append(appendBlockID(nil, l.parent), bit(l.disapproves)) }

// takenKey returns the key of a transaction in the taken bucket.
func (m *mined) takenKey() []byte { return append(m.place.key(), m.block[:]...) }

func decodeLeft(k, v []byte) (left, error) {
	key, r := row{rest: k}, row{rest: v}
	l := left{BlockID: key.blockID(), parent: r.blockID()}
	disapproves := r.u8()
	l.disapproves = disapproves == 1
	r.bad = r.bad || disapproves > 1 || l.parent.Height >= l.Height
	return l, errors.Join(key.done(), r.done())
}

// leave remembers the blocks above one, which are taken back, and their transactions.
func (a *application) leave(s *snapshot, to consensus.BlockID, taken []*mined) error {
	parent := blockBelow(s.blocks, to.Height).BlockID
	for _, b := range s.blocks {
		if b.Height <= to.Height {
			continue
		}
		l := left{b.BlockID, parent, isDisapproved(a.tx, b.Height-1)}
		if err := a.tx.Bucket(leftBucket).Put(l.key(), l.encode()); err != nil {
			return err
		}
		parent = b.BlockID
	}
	for _, m := range taken {
		v, err := m.encode()
		if err != nil {
			return fmt.Errorf("serialize transaction %s: %w", m.hash, err)
		}
		if err := a.tx.Bucket(takenBucket).Put(m.takenKey(), v); err != nil {
			return err
		}
	}
	oldest := key32(uint32(max(0, s.tip.Height-leftBlocks+1)))
	return errors.Join(deleteBelow(a.tx.Bucket(leftBucket), oldest), deleteBelow(a.tx.Bucket(takenBucket), oldest))
}

// rejoin forgets that a block was taken back, which is applied now.
func (a *application) rejoin(id consensus.BlockID) error {
	b, key := a.tx.Bucket(leftBucket), appendBlockID(nil, id)
	if !has(b, key) {
		return nil
	}
	if err := b.Delete(key); err != nil {
		return err
	}
	var keys [][]byte
	taken := a.tx.Bucket(takenBucket)
	c := taken.Cursor()
	height := key[:4]
	for k, _ := c.Seek(height); bytes.HasPrefix(k, height); k, _ = c.Next() {
		if bytes.HasSuffix(k, id.Hash[:]) {
			keys = append(keys, bytes.Clone(k))
		}
	}
	for _, k := range keys {
		if err := taken.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// deleteBelow deletes the rows of a bucket below a key.
func deleteBelow(b *bolt.Bucket, key []byte) error {
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

// getLeft returns the block of a hash that was taken back.
func getLeft(tx *bolt.Tx, hash chainhash.Hash) (l left, ok bool, err error) {
	c := tx.Bucket(leftBucket).Cursor()
	for k, v := c.Last(); k != nil; k, v = c.Prev() {
		if bytes.HasSuffix(k, hash[:]) {
			l, err = decodeLeft(k, v)
			return l, true, err
		}
	}
	return l, false, nil
}

// wasDisapproved reports whether a block was taken back that had disapproved a given one.
func wasDisapproved(tx *bolt.Tx, id consensus.BlockID) (bool, error) {
	c := tx.Bucket(leftBucket).Cursor()
	next := key32(uint32(id.Height) + 1)
	for k, v := c.Seek(next); bytes.HasPrefix(k, next); k, v = c.Next() {
		l, err := decodeLeft(k, v)
		if err != nil || l.disapproves && l.parent == id {
			return err == nil, err
		}
	}
	return false, nil
}

// takenIn returns the transactions that were taken back with a block, and with those
// below it down to the one that was remembered.
func takenIn(tx *bolt.Tx, l *left) ([]*mined, error) {
	var list []*mined
	c := tx.Bucket(takenBucket).Cursor()
	for k, v := c.Seek(key32(uint32(l.parent.Height) + 1)); len(k) > placeSize && consensus.Height(binary.BigEndian.Uint32(k)) <= l.Height; k, v = c.Next() {
		m, err := decodeMined(k[:placeSize], v)
		if err != nil {
			return nil, err
		}
		if m.place.Height < l.Height || m.block == l.Hash {
			list = append(list, m)
		}
	}
	return list, nil
}
