package chain

import (
	"encoding/binary"

	"github.com/spvd/spvd/spv/consensus"
)

// Rows of the filters bucket. The key is the height of the first filter:
//
//	checksum (4), number of filters (2, big-endian), their sizes (uvarints),
//	the filters
//
// A row is closed when the next filter would make it longer than maxRow. A
// filter that is longer by itself has a row of its own. So where rows begin
// follows from the filters alone.
const filterRowHead = checksumSize + 2

// filterRow is a verified row. It is valid as long as the transaction that it
// was read in.
type filterRow struct {
	first   consensus.Height
	filters [][]byte
}

// end returns the height after the last filter.
func (r *filterRow) end() consensus.Height { return r.first + consensus.Height(len(r.filters)) }

// parse verifies a row and makes r that row, reusing its memory.
func (r *filterRow) parse(key, value []byte) error {
	first, err := keyHeight(key)
	if err != nil {
		return err
	}
	body, err := unseal(bucketFilters, key, value)
	if err != nil {
		return err
	}
	if len(body) < 2 {
		return corrupt("filter row %d has %d bytes", first, len(value))
	}
	count := int(binary.BigEndian.Uint16(body))
	r.first, r.filters = first, r.filters[:0]
	sizes := body[2:]
	data := sizes
	for range count {
		_, n := binary.Uvarint(data)
		if n <= 0 {
			return corrupt("filter row %d: sizes are cut off", first)
		}
		data = data[n:]
	}
	for range count {
		size, n := binary.Uvarint(sizes)
		if size > uint64(len(data)) {
			return corrupt("filter row %d: filters are cut off", first)
		}
		r.filters = append(r.filters, data[:size:size])
		sizes, data = sizes[n:], data[size:]
	}
	if count == 0 || len(data) != 0 {
		return corrupt("filter row %d: %d filters, %d bytes left", first, count, len(data))
	}
	return nil
}

// read reads the row that has the given height.
func (r *filterRow) read(b *rows, h consensus.Height) error {
	if h < 0 {
		return ErrNotFound
	}
	c := b.Cursor()
	key, value := seekRow(c, h)
	if key == nil {
		return ErrNotFound
	}
	if err := r.parse(key, value); err != nil {
		return err
	}
	if h < r.first || h >= r.end() {
		return ErrNotFound
	}
	return nil
}

// seekRow moves a cursor to the last row that starts at or before a height. Where
// that is the last of all it goes back from the end, because bbolt's Last does not
// return when all leaves are empty, as after all rows were deleted.
func seekRow(c *rowCursor, h consensus.Height) (key, value []byte) {
	want := heightKey(h)
	if key, value = c.Seek(want); string(key) == string(want) {
		return key, value
	}
	return c.Prev()
}

// filterPacker gathers filters into rows.
type filterPacker struct {
	first   consensus.Height
	filters [][]byte
	size    int // of the row
}

// add takes the next filter, or reports that it belongs to the next row.
func (k *filterPacker) add(filter []byte) bool {
	size := k.size + uvarintSize(len(filter)) + len(filter)
	if len(k.filters) > 0 && (size > maxRow || len(k.filters) == 1<<16-1) {
		return false
	}
	k.filters, k.size = append(k.filters, filter), size
	return true
}

// reset starts a row.
func (k *filterPacker) reset(first consensus.Height) {
	k.first, k.filters, k.size = first, k.filters[:0], filterRowHead
}

// appendRow encodes the row.
func (k *filterPacker) appendRow(b []byte) []byte {
	b = append(b, make([]byte, checksumSize)...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.filters)))
	for _, f := range k.filters {
		b = binary.AppendUvarint(b, uint64(len(f)))
	}
	for _, f := range k.filters {
		b = append(b, f...)
	}
	return b
}

// uvarintSize returns the size of a number as a uvarint.
func uvarintSize(n int) (size int) {
	for size = 1; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
