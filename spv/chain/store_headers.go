package chain

import (
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// Rows of the headers bucket. The key is the height of the first header, a
// multiple of headersPerRow:
//
//	checksum (4), work of the chain before the first header (32, big-endian),
//	hash of the last header (32), up to headersPerRow headers (180 each)
//
// Only the last row has fewer headers. The hash of every other header is in
// the header after it.
const (
	headerRowHead = checksumSize + 32 + chainhash.HashSize
	headersPerRow = (maxRow - headerRowHead) / consensus.HeaderSize // 56
)

// headerRow is a verified row without its checksum. It is valid as long as the
// transaction that it was read in.
type headerRow struct {
	first consensus.Height
	body  []byte
}

// rowStart returns the first height of the header row that has a height.
func rowStart(h consensus.Height) consensus.Height { return h - h%headersPerRow }

// readHeaderRow reads the row that has the given height.
func readHeaderRow(b *rows, h consensus.Height) (headerRow, error) {
	if h < 0 {
		return headerRow{}, ErrNotFound
	}
	key := heightKey(rowStart(h))
	value := b.Get(key)
	if value == nil {
		return headerRow{}, ErrNotFound
	}
	row, err := parseHeaderRow(key, value)
	if err == nil && h >= row.end() {
		err = ErrNotFound
	}
	return row, err
}

// parseHeaderRow verifies a row.
func parseHeaderRow(key, value []byte) (headerRow, error) {
	first, err := keyHeight(key)
	if err != nil {
		return headerRow{}, err
	}
	body, err := unseal(bucketHeaders, key, value)
	if err != nil {
		return headerRow{}, err
	}
	size := len(body) - (headerRowHead - checksumSize)
	if first != rowStart(first) || size <= 0 || size%consensus.HeaderSize != 0 || size > headersPerRow*consensus.HeaderSize {
		return headerRow{}, corrupt("header row %d has %d bytes", first, len(value))
	}
	return headerRow{first, body}, nil
}

// end returns the height after the last header.
func (r headerRow) end() consensus.Height {
	return r.first + consensus.Height((len(r.body)-(headerRowHead-checksumSize))/consensus.HeaderSize)
}

// header returns the header at a height of the row.
func (r headerRow) header(h consensus.Height) *consensus.Header {
	return (*consensus.Header)(r.body[headerRowHead-checksumSize+int(h-r.first)*consensus.HeaderSize:])
}

// hash returns the hash of the block at a height of the row.
func (r headerRow) hash(h consensus.Height) chainhash.Hash {
	if h+1 < r.end() {
		return r.header(h + 1).PrevBlock()
	}
	return chainhash.Hash(r.body[32:])
}

// workBefore returns the work of the chain below the row.
func (r headerRow) workBefore() (w uint256.Uint256) {
	w.SetByteSlice(r.body[:32])
	return w
}

// work returns the work of the chain up to a height of the row.
func (r headerRow) work(h consensus.Height) uint256.Uint256 {
	sum := r.workBefore()
	var memo workMemo
	for i := r.first; i <= h; i++ {
		sum.Add(memo.of(r.header(i).Bits()))
	}
	return sum
}

// workMemo remembers the work of the target it was asked for last: neighbours
// often have the same.
type workMemo struct {
	bits uint32
	work uint256.Uint256
}

func (m *workMemo) of(bits uint32) *uint256.Uint256 {
	if bits != m.bits {
		m.bits, m.work = bits, consensus.Work(bits)
	}
	return &m.work
}

// appendRowHead encodes the head of a row: the work of the chain before it and
// the hash of its last block. Its headers follow.
func appendRowHead(b []byte, before *uint256.Uint256, last chainhash.Hash) []byte {
	b = append(b, make([]byte, checksumSize)...)
	work := before.Bytes()
	b = append(b, work[:]...)
	return append(b, last[:]...)
}
