package consensus

import (
	"encoding/binary"
	"errors"
)

// errShort and errVarInt are why a payload is not well formed.
var (
	errShort  = errors.New("payload ends early")
	errVarInt = errors.New("number is not in its shortest form")
)

// payload reads a message payload from front to back. After a read failed all
// further ones return nothing; err says why.
type payload struct {
	rest []byte
	err  error
}

// take returns the next n bytes of the payload itself.
func (r *payload) take(n int) []byte {
	if r.err != nil || n > len(r.rest) {
		if r.err == nil {
			r.err = errShort
		}
		r.rest = nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// u32 reads four little-endian bytes.
func (r *payload) u32() uint32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// varint reads a variable length number, which must be in its shortest form.
func (r *payload) varint() uint64 {
	b := r.take(1)
	if b == nil {
		return 0
	}
	var v, least uint64
	switch b[0] {
	case 0xfd:
		if b = r.take(2); b != nil {
			v, least = uint64(binary.LittleEndian.Uint16(b)), 0xfd
		}
	case 0xfe:
		if b = r.take(4); b != nil {
			v, least = uint64(binary.LittleEndian.Uint32(b)), 1<<16
		}
	case 0xff:
		if b = r.take(8); b != nil {
			v, least = binary.LittleEndian.Uint64(b), 1<<32
		}
	default:
		return uint64(b[0])
	}
	if r.err == nil && v < least {
		r.err, r.rest = errVarInt, nil
		return 0
	}
	return v
}
