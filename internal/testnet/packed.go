package testnet

import (
	"encoding/binary"
	"io"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// headerStride is the size of a header as a headers message has it: followed
// by the number of its transactions, which is always zero.
const headerStride = consensus.HeaderSize + 1

// packed is a run of blocks in serialized form, so that serving a range of them writes a
// slice.
type packed struct {
	// headers are the headers, headerStride bytes each.
	headers []byte

	// filters are the entries of a cfiltersv2 message: block hash, filter with
	// its length, index of the proof, number of its hashes, which is zero.
	filters []byte

	// ends holds the end of each entry of filters, little-endian, endSize
	// bytes each.
	ends []byte
}

// endSize is the size of one end in bytes.
const endSize = 8

// len returns the number of blocks.
func (p *packed) len() int { return len(p.ends) / endSize }

// header returns the header of block i. It is only to be read.
func (p *packed) header(i int) *consensus.Header {
	return (*consensus.Header)(p.headers[i*headerStride:])
}

// end returns the end of entry i of filters; the first entry begins at the end
// of entry −1.
func (p *packed) end(i int) int {
	if i < 0 {
		return 0
	}
	return int(binary.LittleEndian.Uint64(p.ends[i*endSize:]))
}

// entries returns the entries of filters of blocks i to j−1.
func (p *packed) entries(i, j int) []byte { return p.filters[p.end(i-1):p.end(j-1)] }

// hash returns the block hash of block i.
func (p *packed) hash(i int) *chainhash.Hash {
	return (*chainhash.Hash)(p.filters[p.end(i-1):])
}

// filter returns the filter of block i.
func (p *packed) filter(i int) []byte {
	b := p.entries(i, i+1)[chainhash.HashSize:]
	return b[varintSize(b[0]) : len(b)-proofSize]
}

// proofSize is the size of an empty proof: its index and the number of hashes.
const proofSize = 4 + 1

// varintSize returns the size of a number that begins with the given byte.
func varintSize(first byte) int {
	switch first {
	case 0xfd:
		return 3
	case 0xfe:
		return 5
	case 0xff:
		return 9
	}
	return 1
}

// appendVarint appends a number in its shortest form.
func appendVarint(b []byte, n uint64) []byte {
	switch {
	case n < 0xfd:
		return append(b, byte(n))
	case n <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	case n <= 0xffffffff:
		return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xff), n)
}

// packer writes blocks in packed form, in height order.
type packer struct {
	headers, filters io.Writer
	ends             []byte

	written int
	buf     []byte
}

// put writes one block.
func (p *packer) put(h *consensus.Header, hash *chainhash.Hash, filter []byte) error {
	p.buf = append(append(p.buf[:0], h[:]...), 0)
	if _, err := p.headers.Write(p.buf); err != nil {
		return err
	}
	p.buf = append(p.buf[:0], hash[:]...)
	p.buf = appendVarint(p.buf, uint64(len(filter)))
	p.buf = append(p.buf, filter...)
	p.buf = append(p.buf, make([]byte, proofSize)...)
	p.written += len(p.buf)
	p.ends = binary.LittleEndian.AppendUint64(p.ends, uint64(p.written))
	_, err := p.filters.Write(p.buf)
	return err
}
