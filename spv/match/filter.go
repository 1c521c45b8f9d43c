package match

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/decred/dcrd/gcs/v4/blockcf2"
)

// Parameters of version 2 committed filters (DCP0005): the values of a filter of
// n entries are below n times falseRate, and what lies between them is coded as a
// quotient in unary and remBits bits of remainder.
const (
	remBits   = blockcf2.B
	falseRate = blockcf2.M
)

// The bitmap has at least spread bits for each value, so that few hashes meet
// one that is set by chance, but no more than fit into the cache of a processor.
const (
	spread      = 256
	minMapBits  = 6 // logarithms to base two
	maxMapWidth = 18
)

// ErrMalformed is what the errors about filters that cannot be decoded wrap.
var ErrMalformed = errors.New("malformed filter")

// filter is a decoded filter. Its memory is reused for the next one.
type filter struct {
	size   uint64   // all values that count are below it
	values []uint64 // in ascending order
	bitmap []uint64 // has the bits set that hashes of values fall onto
	shift  uint     // makes the number of a bit of a hash
}

// decode makes f the filter of some bytes. An empty one has no values.
func (f *filter) decode(data []byte) error {
	f.values, f.size = f.values[:0], 0
	if len(data) == 0 {
		return nil
	}
	n, data, err := readCount(data)
	if err != nil {
		return err
	}
	if most := uint64(len(data)) * 8 / (remBits + 1); n > most {
		return fmt.Errorf("%w: want %d entries, got bytes for at most %d", ErrMalformed, n, most)
	}
	f.size = n * falseRate
	f.values = slices.Grow(f.values, int(n))[:n]
	if !decodeValues(f.values, data) {
		return fmt.Errorf("%w: it ends before the last of %d entries", ErrMalformed, n)
	}
	f.mark()
	return nil
}

// readCount reads the number of entries, in wire's encoding of numbers, which has
// one form for each.
func readCount(data []byte) (n uint64, rest []byte, err error) {
	var width int
	var least uint64
	switch data[0] {
	case 0xff:
		width, least = 8, 1<<32
	case 0xfe:
		width, least = 4, 1<<16
	case 0xfd:
		width, least = 2, 0xfd
	default:
		return uint64(data[0]), data[1:], nil
	}
	if len(data) < 1+width {
		return 0, nil, fmt.Errorf("%w: it ends in the number of entries", ErrMalformed)
	}
	var buf [8]byte
	copy(buf[:], data[1:1+width])
	if n = binary.LittleEndian.Uint64(buf[:]); n < least {
		return 0, nil, fmt.Errorf("%w: the number of entries, %d, is not in its shortest form", ErrMalformed, n)
	}
	return n, data[1+width:], nil
}

// decodeValues fills values from data. It reports whether the data did not end before.
func decodeValues(values []uint64, data []byte) bool {
	at, value := uint(0), uint64(0)
	for len(values) > 0 {
		w := window(data, at)
		ones := uint(bits.LeadingZeros64(^w))
		if ones+1+remBits > windowBits {
			delta, end := long(data, at)
			value, at = value+delta, end
			values[0], values = value, values[1:]
			continue
		}
		value += uint64(ones)<<remBits | w<<(ones+1)>>(64-remBits)
		values[0], values = value, values[1:]
		used := ones + 1 + remBits
		// Another one is nearly always in the same window. To take it from there
		// means to wait only once until the place of the next one is known.
		w <<= used & 63
		ones = uint(bits.LeadingZeros64(^w))
		if more := used + ones + 1 + remBits; more <= windowBits && len(values) > 0 {
			value += uint64(ones)<<remBits | w<<((ones+1)&63)>>(64-remBits)
			values[0], values = value, values[1:]
			used = more
		}
		at += used
	}
	return at <= 8*uint(len(data))
}

// windowBits is how many bits a window has at least.
const windowBits = 57

// window returns the bits of data from one on, the highest of a byte first. After the
// last one there are zeros.
func window(data []byte, at uint) uint64 {
	if from := at / 8; from+8 <= uint(len(data)) {
		return binary.BigEndian.Uint64(data[from:from+8]) << (at % 8)
	}
	return lastWindow(data, at)
}

// lastWindow is window where fewer than eight bytes are left.
func lastWindow(data []byte, at uint) uint64 {
	var buf [8]byte
	copy(buf[:], data[min(at/8, uint(len(data))):])
	return binary.BigEndian.Uint64(buf[:]) << (at % 8)
}

// long reads a difference that may be longer than a window, and returns where it ends.
func long(data []byte, at uint) (delta uint64, end uint) {
	for {
		ones := min(uint(bits.LeadingZeros64(^window(data, at))), windowBits)
		delta += uint64(ones)
		at += ones
		if ones < windowBits {
			break
		}
	}
	at++
	return delta<<remBits | window(data, at)>>(64-remBits), at + remBits
}

// mark makes the bitmap of the values. It is one of hashes, whose highest bits are
// the number of a bit, so that a hash need not be made a value to look it up.
func (f *filter) mark() {
	width := min(max(bits.Len(uint(spread*len(f.values))), minMapBits), maxMapWidth)
	f.shift = uint(64-width) & 63
	words := 1 << (width - 6)
	if cap(f.bitmap) < words {
		f.bitmap = make([]uint64, words)
	}
	f.bitmap = f.bitmap[:words]
	clear(f.bitmap)
	if len(f.values) == 0 {
		return
	}
	scale := math.MaxUint64 / f.size // hashes of a value, rounded down
	bitmap, shift := f.bitmap, f.shift
	for _, v := range f.values {
		if v >= f.size {
			break // no hash is as great
		}
		first := v * scale
		last, over := bits.Add64(first, scale+v+1, 0)
		bit := first >> (shift & 63)
		bitmap[bit/64] |= 1 << (bit % 64)
		// A bit stands for more hashes than a value, so these are of two bits at most.
		if next := (last | -over) >> (shift & 63); next != bit {
			bitmap[next/64] |= 1 << (next % 64)
		}
	}
}
