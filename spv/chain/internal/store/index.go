package store

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Rows of the hashes bucket: for every SegmentBlocks blocks that are complete,
// where each hash is. The key is the height of the first block:
//
//	checksum (4), one entry for each block in ascending order: the first four
//	bytes of its hash, its height less that of the key (2, big-endian)
//
// So the index grows by whole rows at the end, like everything else, and no
// hash is inserted in the middle. Blocks after the last segment are found in
// their header rows. The first bytes of a hash are as good as random: its
// zeros are at the end.
const (
	SegmentBlocks = 4096
	IndexEntry    = 6
	segmentSize   = SegmentBlocks * IndexEntry // without the checksum
)

// SegmentStart returns the first height of the segment that has a height.
func SegmentStart(h consensus.Height) consensus.Height { return h - h%SegmentBlocks }

// AppendSegment encodes the row of the segment that starts at a height.
func AppendSegment(b []byte, first consensus.Height, hash func(consensus.Height) chainhash.Hash) []byte {
	entries := make([]uint64, SegmentBlocks)
	for i := range entries {
		id := hash(first + consensus.Height(i))
		entries[i] = uint64(binary.BigEndian.Uint32(id[:]))<<16 | uint64(i)
	}
	sortByPrefix(entries)
	b = append(b, make([]byte, ChecksumSize)...)
	for _, e := range entries {
		b = binary.BigEndian.AppendUint32(b, uint32(e>>16))
		b = binary.BigEndian.AppendUint16(b, uint16(e))
	}
	return b
}

// sortByPrefix sorts entries that are in the order of their heights by the first bytes of the
// hash, and by height where these are equal. It goes over the bytes from the last one on and
// keeps the order of equal ones; a sort that compares entries takes several times as long.
func sortByPrefix(entries []uint64) {
	from, to := entries, make([]uint64, len(entries))
	for shift := 16; shift < 48; shift += 8 {
		var next [256]int // the place of the next entry with that byte
		for _, e := range from {
			next[byte(e>>shift)]++
		}
		place := 0
		for b, n := range next {
			next[b], place = place, place+n
		}
		for _, e := range from {
			b := byte(e >> shift)
			to[next[b]] = e
			next[b]++
		}
		from, to = to, from
	}
}

// FindHash returns the height of a block of the main chain. What an entry
// points to is always verified. That nothing was found is only said after the
// whole index was verified.
func FindHash(tx *Txn, hash *chainhash.Hash) (consensus.Height, error) {
	segments, err := RowsOf(tx, BucketHashes)
	if err != nil {
		return 0, err
	}
	headers, err := RowsOf(tx, BucketHeaders)
	if err != nil {
		return 0, err
	}
	if h, err := SearchHash(segments, headers, hash); !errors.Is(err, ErrNotFound) {
		return h, err
	}
	c := segments.Cursor()
	for key, row := c.First(); key != nil; key, row = c.Next() {
		if _, err := Unseal(BucketHashes, key, row); err != nil {
			return 0, err
		}
	}
	return 0, ErrNotFound
}

// SearchHash looks for a hash in the index, the newest blocks first, and in the header rows after
// it.
func SearchHash(segments, headers *Rows, hash *chainhash.Hash) (consensus.Height, error) {
	next := consensus.Height(0) // the height after the last segment
	c := segments.Cursor()
	for key, row := SeekRow(c, math.MaxInt32); key != nil; key, row = c.Prev() {
		first, err := segmentKey(key, row)
		if err != nil {
			return 0, err
		}
		next = max(next, first+SegmentBlocks)
		if h, err := findInSegment(headers, first, row[ChecksumSize:], hash); !errors.Is(err, ErrNotFound) {
			return h, err
		}
	}
	return findInRows(headers, next, hash)
}

// segmentKey returns the first height of a row of the index.
func segmentKey(key, row []byte) (consensus.Height, error) {
	first, err := KeyHeight(key)
	if err != nil {
		return 0, err
	}
	if first != SegmentStart(first) || len(row) != ChecksumSize+segmentSize {
		return 0, Corrupt("row %d of the index has %d bytes", first, len(row))
	}
	return first, nil
}

// findInSegment looks for a hash in one row of the index.
func findInSegment(headers *Rows, first consensus.Height, entries []byte, hash *chainhash.Hash) (consensus.Height, error) {
	prefix := binary.BigEndian.Uint32(hash[:])
	for i := searchPrefix(entries, prefix); i < SegmentBlocks; i++ {
		e := entries[i*IndexEntry:][:IndexEntry]
		if binary.BigEndian.Uint32(e) != prefix {
			break
		}
		h := first + consensus.Height(binary.BigEndian.Uint16(e[4:]))
		row, err := ReadHeaderRow(headers, h)
		if errors.Is(err, ErrNotFound) {
			return 0, Corrupt("the index names block %d, which is not there", h)
		}
		if err != nil {
			return 0, err
		}
		if row.Hash(h) == *hash {
			return h, nil
		}
	}
	return 0, ErrNotFound
}

// searchPrefix returns the index of the first entry that is not below a prefix.
// Prefixes are spread evenly, which says nearly where to look.
func searchPrefix(entries []byte, prefix uint32) int {
	at := func(i int) uint32 { return binary.BigEndian.Uint32(entries[i*IndexEntry:]) }
	guess := int(uint64(prefix) * SegmentBlocks >> 32)
	low, high, step := guess, guess, 16
	for low > 0 && at(low-1) >= prefix {
		low, step = max(low-step, 0), 2*step
	}
	for step = 16; high < SegmentBlocks && at(high) < prefix; {
		high, step = min(high+step, SegmentBlocks), 2*step
	}
	for low < high {
		if mid := (low + high) / 2; at(mid) < prefix {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// findInRows looks for a hash in the header rows from a height on.
func findInRows(headers *Rows, from consensus.Height, hash *chainhash.Hash) (consensus.Height, error) {
	c := headers.Cursor()
	for key, value := c.Seek(HeightKey(RowStart(from))); key != nil; key, value = c.Next() {
		row, err := ParseHeaderRow(key, value)
		if err != nil {
			return 0, err
		}
		for h := row.First; h < row.End(); h++ {
			if row.Hash(h) == *hash {
				return h, nil
			}
		}
	}
	return 0, ErrNotFound
}
