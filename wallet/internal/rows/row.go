package rows

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
)

// ErrCorrupt means that the file is damaged: a row that cannot be read, or
// rows that contradict each other.
var ErrCorrupt = errors.New("wallet file is damaged; restore it from a copy, or import the accounts into a new wallet")

// Row reads the fields of a stored key or value in order. One that is too short or too long
// is refused once, by Done. Integers are big-endian.
type Row struct {
	Rest []byte // what was not read yet
	Bad  bool   // a field has a value that is never stored
}

// take returns the next n bytes, or n zero bytes of a value that is too short.
func (r *Row) take(n int) []byte {
	if n > len(r.Rest) {
		r.Bad, r.Rest = true, nil
		return make([]byte, min(n, chainhash.HashSize))
	}
	b := r.Rest[:n]
	r.Rest = r.Rest[n:]
	return b
}

// U8, U32 and U64 read an unsigned integer.
func (r *Row) U8() uint8   { return r.take(1)[0] }
func (r *Row) U32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *Row) U64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// Hash reads the 32 bytes of a hash.
func (r *Row) Hash() chainhash.Hash { return chainhash.Hash(r.take(chainhash.HashSize)) }

// Text reads what AppendText wrote. It is a copy: stored bytes are only valid within their
// transaction.
func (r *Row) Text() string {
	n := int(binary.BigEndian.Uint16(r.take(2)))
	if n > len(r.Rest) {
		r.Bad, r.Rest = true, nil
		return ""
	}
	return string(r.take(n))
}

// Tail returns a copy of all that is left.
func (r *Row) Tail() []byte { return append([]byte(nil), r.take(len(r.Rest))...) }

// Done returns ErrCorrupt unless the fields read were exactly the value.
func (r *Row) Done() error {
	if r.Bad || len(r.Rest) != 0 {
		return ErrCorrupt
	}
	return nil
}

// AppendText appends a text of at most 65,535 bytes with its length.
func AppendText(b []byte, v string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
	return append(b, v...)
}

// Key returns the key of a number: keys sort like their numbers.
func Key(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// Has reports whether a bucket has a row of a key, whose value may be empty: Get
// returns nil for an empty value that the same transaction has put.
func Has(b *bolt.Bucket, key []byte) bool {
	k, _ := b.Cursor().Seek(key)
	return bytes.Equal(k, key)
}

// LastHeight returns the height with which the key of a bucket's last row begins, or -1 if
// the bucket is empty.
func LastHeight(b *bolt.Bucket) consensus.Height {
	k, _ := b.Cursor().Last()
	if len(k) < 4 {
		return -1
	}
	return consensus.Height(min(binary.BigEndian.Uint32(k), math.MaxInt32))
}

// Each calls fn for each row of a bucket in key order until it fails.
func Each(b *bolt.Bucket, fn func(k, v []byte) error) error {
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

// Load returns all rows of a bucket in the order of their keys. Errors say what they are.
func Load[T any](b *bolt.Bucket, what string, decode func(k, v []byte) (T, error)) ([]T, error) {
	var rows []T
	err := Each(b, func(k, v []byte) error {
		r, err := decode(k, v)
		if err != nil {
			return fmt.Errorf("read %s %x: %w", what, k, err)
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}
