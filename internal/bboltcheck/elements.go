package bboltcheck

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// pageHeader is the start of every page.
type pageHeader struct {
	id           uint64
	flags, count uint16
	overflow     uint32
}

func parsePage(b []byte) pageHeader {
	e := binary.NativeEndian
	return pageHeader{id: e.Uint64(b), flags: e.Uint16(b[8:]), count: e.Uint16(b[10:]), overflow: e.Uint32(b[12:])}
}

// pageElement is an element of a branch or a leaf.
type pageElement struct {
	key    []byte
	child  uint64 // of a branch
	bucket bool   // of a leaf: the value is a bucket
	value  []byte
}

// elements parses the elements of a branch or leaf page, and returns where they end. Their
// keys ascend. In a full verification the data of each must directly follow that of the one
// before.
func (w *walk) elements(b []byte, head pageHeader) (elements []pageElement, end uint64, err error) {
	end = uint64(pageHeaderSize) + uint64(head.count)*pageElementSize
	if end > uint64(len(b)) {
		return nil, 0, damage("%d elements do not fit", head.count)
	}
	elements = make([]pageElement, head.count)
	for i := range elements {
		e, from, to, ok := parseElement(b, i, head.flags == pageIsLeaf)
		if !ok || w.full && from != end {
			return nil, 0, damage("element %d is damaged", i)
		}
		if i > 0 && bytes.Compare(elements[i-1].key, e.key) >= 0 {
			return nil, 0, damage("element %d is out of order", i)
		}
		elements[i], end = e, to
	}
	return elements, end, nil
}

// parseElement parses the element of the given index, and returns where its key and value
// start and end. A branch element is offset (4), key size (4) and page (8), a leaf element
// flags (4), offset (4), key size (4) and value size (4). Offsets count from the element.
func parseElement(b []byte, i int, leaf bool) (e pageElement, from, to uint64, ok bool) {
	at := uint64(pageHeaderSize + i*pageElementSize)
	raw := b[at:][:pageElementSize]
	var words [4]uint64
	for j := range words {
		words[j] = uint64(binary.NativeEndian.Uint32(raw[4*j:]))
	}
	if !leaf {
		from, to = at+words[0], at+words[0]+words[1]
		if to > uint64(len(b)) {
			return e, from, to, false
		}
		e.key, e.child = b[from:to], binary.NativeEndian.Uint64(raw[8:])
		return e, from, to, true
	}
	from = at + words[1]
	value := from + words[2]
	to = value + words[3]
	if to > uint64(len(b)) || words[0]&^elementIsBucket != 0 {
		return e, from, to, false
	}
	e.key, e.value, e.bucket = b[from:value], b[value:to], words[0] == elementIsBucket
	return e, from, to, true
}

// allZero reports whether all bytes are zero.
func allZero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// bitmap is a set of page numbers below size.
type bitmap struct {
	words []uint64
	size  uint64
}

func newBitmap(size uint64) bitmap {
	return bitmap{words: make([]uint64, (size+63)/64), size: size}
}

// set adds a member. It reports false if the member was there already.
func (m *bitmap) set(i uint64) bool {
	old := m.words[i/64]
	m.words[i/64] |= 1 << (i % 64)
	return old&(1<<(i%64)) == 0
}

// last returns the greatest member that is not above i.
func (m *bitmap) last(i uint64) (uint64, bool) {
	word := m.words[i/64] & (^uint64(0) >> (63 - i%64))
	for at := i / 64; ; at-- {
		if word != 0 {
			return at*64 + 63 - uint64(bits.LeadingZeros64(word)), true
		}
		if at == 0 {
			return 0, false
		}
		word = m.words[at-1]
	}
}
