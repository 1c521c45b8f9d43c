package store

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// Rows of the headers bucket. The key is the height of the first header, a
// multiple of HeadersPerRow:
//
//	checksum (4), work of the chain before the first header (32, big-endian),
//	hash of the last header (32), up to HeadersPerRow headers (180 each)
//
// Only the last row has fewer headers. The hash of every other header is in
// the header after it.
const (
	HeaderRowHead = ChecksumSize + 32 + chainhash.HashSize
	HeadersPerRow = (MaxRow - HeaderRowHead) / consensus.HeaderSize // 56
)

// HeaderRow is a verified row without its checksum. It is valid as long as the
// transaction that it was read in.
type HeaderRow struct {
	First consensus.Height
	body  []byte
}

// RowStart returns the first height of the header row that has a height.
func RowStart(h consensus.Height) consensus.Height { return h - h%HeadersPerRow }

// ReadHeaderRow reads the row that has the given height.
func ReadHeaderRow(b *Rows, h consensus.Height) (HeaderRow, error) {
	if h < 0 {
		return HeaderRow{}, ErrNotFound
	}
	key := HeightKey(RowStart(h))
	value := b.Get(key)
	if value == nil {
		return HeaderRow{}, ErrNotFound
	}
	row, err := ParseHeaderRow(key, value)
	if err == nil && h >= row.End() {
		err = ErrNotFound
	}
	return row, err
}

// ParseHeaderRow verifies a row.
func ParseHeaderRow(key, value []byte) (HeaderRow, error) {
	first, err := KeyHeight(key)
	if err != nil {
		return HeaderRow{}, err
	}
	body, err := Unseal(BucketHeaders, key, value)
	if err != nil {
		return HeaderRow{}, err
	}
	size := len(body) - (HeaderRowHead - ChecksumSize)
	if first != RowStart(first) || size <= 0 || size%consensus.HeaderSize != 0 || size > HeadersPerRow*consensus.HeaderSize {
		return HeaderRow{}, Corrupt("header row %d has %d bytes", first, len(value))
	}
	return HeaderRow{first, body}, nil
}

// Clone returns a copy that stays valid.
func (r HeaderRow) Clone() HeaderRow { return HeaderRow{r.First, slices.Clone(r.body)} }

// None reports whether it is the zero value.
func (r HeaderRow) None() bool { return r.body == nil }

// End returns the height after the last header.
func (r HeaderRow) End() consensus.Height {
	return r.First + consensus.Height((len(r.body)-(HeaderRowHead-ChecksumSize))/consensus.HeaderSize)
}

// Header returns the header at a height of the row.
func (r HeaderRow) Header(h consensus.Height) *consensus.Header {
	return (*consensus.Header)(r.body[HeaderRowHead-ChecksumSize+int(h-r.First)*consensus.HeaderSize:])
}

// Hash returns the hash of the block at a height of the row.
func (r HeaderRow) Hash(h consensus.Height) chainhash.Hash {
	if h+1 < r.End() {
		return r.Header(h + 1).PrevBlock()
	}
	return chainhash.Hash(r.body[32:])
}

// WorkBefore returns the work of the chain below the row.
func (r HeaderRow) WorkBefore() (w uint256.Uint256) {
	w.SetByteSlice(r.body[:32])
	return w
}

// Work returns the work of the chain up to a height of the row.
func (r HeaderRow) Work(h consensus.Height) uint256.Uint256 {
	sum := r.WorkBefore()
	var memo WorkMemo
	for i := r.First; i <= h; i++ {
		sum.Add(memo.Of(r.Header(i).Bits()))
	}
	return sum
}

// WorkMemo remembers the work of the target it was asked for last: neighbours
// often have the same.
type WorkMemo struct {
	bits uint32
	work uint256.Uint256
}

// Of returns the work of a target, which is not to be changed.
func (m *WorkMemo) Of(bits uint32) *uint256.Uint256 {
	if bits != m.bits {
		m.bits, m.work = bits, consensus.Work(bits)
	}
	return &m.work
}

// appendRowHead encodes the head of a row: the work of the chain before it and
// the hash of its last block. Its headers follow.
func appendRowHead(b []byte, before *uint256.Uint256, last chainhash.Hash) []byte {
	b = append(b, make([]byte, ChecksumSize)...)
	work := before.Bytes()
	b = append(b, work[:]...)
	return append(b, last[:]...)
}
