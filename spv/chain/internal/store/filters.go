package store

import (
	"encoding/binary"

	"github.com/spvd/spvd/spv/consensus"
)

// Rows of the filters bucket. The key is the height of the first filter:
//
//	checksum (4), number of filters (2, big-endian), their sizes (uvarints),
//	the filters
//
// A row is closed when the next filter would make it longer than MaxRow. A
// filter that is longer by itself has a row of its own. So where rows begin
// follows from the filters alone.
const filterRowHead = ChecksumSize + 2

// FilterRow is a verified row. It is valid as long as the transaction that it
// was read in.
type FilterRow struct {
	First   consensus.Height
	Filters [][]byte
}

// End returns the height after the last filter.
func (r *FilterRow) End() consensus.Height { return r.First + consensus.Height(len(r.Filters)) }

// Parse verifies a row and makes r that row, reusing its memory.
func (r *FilterRow) Parse(key, value []byte) error {
	first, err := KeyHeight(key)
	if err != nil {
		return err
	}
	body, err := Unseal(BucketFilters, key, value)
	if err != nil {
		return err
	}
	if len(body) < 2 {
		return Corrupt("filter row %d has %d bytes", first, len(value))
	}
	count := int(binary.BigEndian.Uint16(body))
	r.First, r.Filters = first, r.Filters[:0]
	sizes := body[2:]
	data := sizes
	for range count {
		_, n := binary.Uvarint(data)
		if n <= 0 {
			return Corrupt("filter row %d: sizes are cut off", first)
		}
		data = data[n:]
	}
	for range count {
		size, n := binary.Uvarint(sizes)
		if size > uint64(len(data)) {
			return Corrupt("filter row %d: filters are cut off", first)
		}
		r.Filters = append(r.Filters, data[:size:size])
		sizes, data = sizes[n:], data[size:]
	}
	if count == 0 || len(data) != 0 {
		return Corrupt("filter row %d: %d filters, %d bytes left", first, count, len(data))
	}
	return nil
}

// Read reads the row that has the given height.
func (r *FilterRow) Read(b *Rows, h consensus.Height) error {
	if h < 0 {
		return ErrNotFound
	}
	c := b.Cursor()
	key, value := SeekRow(c, h)
	if key == nil {
		return ErrNotFound
	}
	if err := r.Parse(key, value); err != nil {
		return err
	}
	if h < r.First || h >= r.End() {
		return ErrNotFound
	}
	return nil
}

// SeekRow moves a cursor to the last row that starts at or before a height. Where
// that is the last of all it goes back from the end, because bbolt's Last does not
// return when all leaves are empty, as after all rows were deleted.
func SeekRow(c *Cursor, h consensus.Height) (key, value []byte) {
	want := HeightKey(h)
	if key, value = c.Seek(want); string(key) == string(want) {
		return key, value
	}
	return c.Prev()
}

// FilterPacker gathers filters into rows.
type FilterPacker struct {
	First   consensus.Height
	Filters [][]byte
	size    int // of the row
}

// Add takes the next filter, or reports that it belongs to the next row.
func (k *FilterPacker) Add(filter []byte) bool {
	size := k.size + uvarintSize(len(filter)) + len(filter)
	if len(k.Filters) > 0 && (size > MaxRow || len(k.Filters) == 1<<16-1) {
		return false
	}
	k.Filters, k.size = append(k.Filters, filter), size
	return true
}

// Reset starts a row.
func (k *FilterPacker) Reset(first consensus.Height) {
	k.First, k.Filters, k.size = first, k.Filters[:0], filterRowHead
}

// appendRow encodes the row.
func (k *FilterPacker) appendRow(b []byte) []byte {
	b = append(b, make([]byte, ChecksumSize)...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.Filters)))
	for _, f := range k.Filters {
		b = binary.AppendUvarint(b, uint64(len(f)))
	}
	for _, f := range k.Filters {
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
