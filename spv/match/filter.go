package match

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"

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
	spread      = 128
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
	if f.values = decodeValues(f.values, int(n), data); uint64(len(f.values)) != n {
		return fmt.Errorf("%w: it ends in entry %d of %d", ErrMalformed, len(f.values), n)
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

// decodeValues appends up to n values, fewer if the data ends before.
func decodeValues(values []uint64, n int, data []byte) []uint64 {
	r := bitReader{data: data}
	value := uint64(0)
	for range n {
		r.fill()
		ones := bits.LeadingZeros64(^r.acc)
		if used := ones + 1 + remBits; used <= r.n {
			value += uint64(ones)<<remBits | r.acc<<(ones+1)>>(64-remBits)
			r.acc <<= used
			r.n -= used
		} else {
			delta, ok := r.long()
			if !ok {
				break
			}
			value += delta
		}
		values = append(values, value)
	}
	return values
}

// bitReader reads bits, the highest of a byte first.
type bitReader struct {
	data []byte
	acc  uint64 // its n highest bits are the next ones
	n    int    // at most 63
}

// fill takes in bytes until more than 55 bits are there, or no bytes are left.
func (r *bitReader) fill() {
	if len(r.data) >= 8 {
		r.acc |= binary.BigEndian.Uint64(r.data) >> r.n
		taken := (63 - r.n) / 8
		r.data = r.data[taken:]
		r.n += 8 * taken
		return
	}
	r.acc &^= ^uint64(0) >> r.n
	for r.n <= 55 && len(r.data) > 0 {
		r.acc |= uint64(r.data[0]) << (56 - r.n)
		r.data = r.data[1:]
		r.n += 8
	}
}

// long reads a difference that may be longer than what is taken in at a time.
func (r *bitReader) long() (delta uint64, ok bool) {
	for {
		r.fill()
		if r.n == 0 {
			return 0, false
		}
		ones := min(bits.LeadingZeros64(^r.acc), r.n)
		delta += uint64(ones)
		if ones < r.n {
			r.acc <<= ones + 1
			r.n -= ones + 1
			break
		}
		r.acc, r.n = 0, 0
	}
	r.fill()
	if r.n < remBits {
		return 0, false
	}
	delta = delta<<remBits | r.acc>>(64-remBits)
	r.acc <<= remBits
	r.n -= remBits
	return delta, true
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
	for _, v := range f.values {
		if v >= f.size {
			break // no hash is as great
		}
		over, last := bits.Mul64(v+1, scale+1)
		if over > 0 {
			last = math.MaxUint64
		}
		for bit := v * scale >> f.shift; bit <= last>>f.shift; bit++ {
			f.bitmap[bit/64] |= 1 << (bit % 64)
		}
	}
}
