package wallet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
)

// row reads the fields of a stored value in order. A value that is too short
// or too long is noticed once, by done. Integers are big-endian.
type row struct {
	rest []byte
	bad  bool
}

// take returns the next n bytes, or n zero bytes of a value that is too short.
func (r *row) take(n int) []byte {
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return make([]byte, min(n, chainhash.HashSize))
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *row) u8() uint8            { return r.take(1)[0] }
func (r *row) u16() uint16          { return binary.BigEndian.Uint16(r.take(2)) }
func (r *row) u32() uint32          { return binary.BigEndian.Uint32(r.take(4)) }
func (r *row) u64() uint64          { return binary.BigEndian.Uint64(r.take(8)) }
func (r *row) hash() chainhash.Hash { return chainhash.Hash(r.take(chainhash.HashSize)) }

// blob reads what appendBlob wrote. It is a copy: stored bytes are only valid
// within their transaction.
func (r *row) blob() []byte {
	n := int(r.u16())
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return nil
	}
	return append([]byte(nil), r.take(n)...)
}

// text reads what appendBlob wrote as a string.
func (r *row) text() string { return string(r.blob()) }

// tail returns a copy of all that is left.
func (r *row) tail() []byte { return append([]byte(nil), r.take(len(r.rest))...) }

// done returns ErrCorrupt unless the fields read were exactly the value.
func (r *row) done() error {
	if r.bad || len(r.rest) != 0 {
		return ErrCorrupt
	}
	return nil
}

// appendBlob appends bytes with their length, at most 65,535.
func appendBlob[T []byte | string](b []byte, v T) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
	return append(b, v...)
}

// key32 returns a number as a key that sorts like it.
func key32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// has reports whether a bucket has a row of a key, whose value may be empty: Get
// returns nil for an empty value that the same transaction has put.
func has(b *bolt.Bucket, key []byte) bool {
	k, _ := b.Cursor().Seek(key)
	return bytes.Equal(k, key)
}

// lastHeight returns the height with which the key of a bucket's last row begins, or -1 if
// the bucket is empty.
func lastHeight(b *bolt.Bucket) consensus.Height {
	k, _ := b.Cursor().Last()
	if len(k) < 4 {
		return -1
	}
	return consensus.Height(min(binary.BigEndian.Uint32(k), math.MaxInt32))
}

// all calls fn for each row of a bucket in key order until it fails.
func all(b *bolt.Bucket, fn func(k, v []byte) error) error {
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf returns all rows of a bucket in the order of their keys. What they are is for
// errors.
func rowsOf[T any](b *bolt.Bucket, what string, decode func(k, v []byte) (T, error)) ([]T, error) {
	var rows []T
	err := all(b, func(k, v []byte) error {
		r, err := decode(k, v)
		if err != nil {
			return fmt.Errorf("read %s %x: %w", what, k, err)
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}
