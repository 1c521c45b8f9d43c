package parse

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// ErrShort means that the bytes end before the content that they claim.
var ErrShort = errors.New("the data ends early")

// cursor reads fields in order. After the first failure, which err holds, it
// returns zero values. Integers are little-endian.
type cursor struct {
	rest []byte
	err  error
}

// fail stores the first error.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err, c.rest = err, nil
	}
}

// take returns the next n bytes as a part of the input, nil if there are fewer.
func (c *cursor) take(n int) []byte {
	if n > len(c.rest) {
		c.fail(ErrShort)
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) hash() (h chainhash.Hash) {
	copy(h[:], c.take(chainhash.HashSize))
	return h
}

// varint reads a variable length integer in its shortest form (wire: ReadVarInt).
func (c *cursor) varint() uint64 {
	var v, least uint64
	switch first := c.u8(); first {
	case 0xfd:
		v, least = uint64(c.u16()), 0xfd
	case 0xfe:
		v, least = uint64(c.u32()), 1<<16
	case 0xff:
		v, least = c.u64(), 1<<32
	default:
		return uint64(first)
	}
	if c.err == nil && v < least {
		c.fail(fmt.Errorf("number %d is not in its shortest form", v))
	}
	return v
}

// count reads the number of items of which each takes at least so many bytes. It
// fails if the bytes left cannot hold them.
func (c *cursor) count(what string, least int) int {
	n := c.varint()
	if n > uint64(len(c.rest)/least) {
		c.fail(fmt.Errorf("%d %s in %d bytes: %w", n, what, len(c.rest), ErrShort))
		return 0
	}
	return int(n)
}

// script reads a script with its length.
func (c *cursor) script() []byte { return c.take(c.count("bytes of a script", 1)) }

// version reads the version of a transaction and the kind of its serialization.
func (c *cursor) version() (version uint16, kind wire.TxSerializeType) {
	v := c.u32()
	return uint16(v), wire.TxSerializeType(v >> 16)
}
