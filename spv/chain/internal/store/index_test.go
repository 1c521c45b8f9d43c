package store

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Every hash of a segment is found in it, wherever its entry is, and no other.
func TestSearchPrefix(t *testing.T) {
	for name, prefix := range map[string]func(i int) uint32{
		"spread":  func(i int) uint32 { return uint32(i) << 20 },
		"equal":   func(int) uint32 { return 7 },
		"low":     func(i int) uint32 { return uint32(i) },
		"high":    func(i int) uint32 { return ^uint32(i) },
		"doubles": func(i int) uint32 { return uint32(i/2) << 21 },
	} {
		row := AppendSegment(nil, 0, func(h consensus.Height) (hash chainhash.Hash) {
			p := prefix(int(h))
			copy(hash[:], []byte{byte(p >> 24), byte(p >> 16), byte(p >> 8), byte(p)})
			return hash
		})
		entries := row[ChecksumSize:]
		for i := 0; i < SegmentBlocks; i += 97 {
			for _, p := range []uint32{0, prefix(i), prefix(i) + 1, prefix(i) - 1, 1<<32 - 1} {
				want := 0
				for want < SegmentBlocks && binary.BigEndian.Uint32(entries[want*IndexEntry:]) < p {
					want++
				}
				if searchPrefix(entries, p) != want {
					t.Fatalf("%s: prefix %x is at %d, want %d", name, p, searchPrefix(entries, p), want)
				}
			}
		}
	}
}

// TestSegmentIsSorted encodes segments of random hashes, some with few prefixes, and compares the
// order of their entries with that of a sort that compares them.
func TestSegmentIsSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		few, hashes := r.IntN(2) == 0, make([]chainhash.Hash, SegmentBlocks)
		want := make([][]byte, SegmentBlocks)
		for i := range hashes {
			p := r.Uint32()
			if few {
				p = 0x01020304 * uint32(r.IntN(5))
			}
			binary.BigEndian.PutUint32(hashes[i][:], p)
			want[i] = binary.BigEndian.AppendUint16(slices.Clone(hashes[i][:4]), uint16(i))
		}
		slices.SortFunc(want, slices.Compare[[]byte])
		first := consensus.Height(r.IntN(100)) * SegmentBlocks
		row := AppendSegment(nil, first, func(h consensus.Height) chainhash.Hash { return hashes[h-first] })
		if got := row[ChecksumSize:]; !slices.Equal(got, slices.Concat(want...)) {
			t.Fatalf("segment %d is not in the order of its entries", first)
		}
	}
}

// BenchmarkAppendSegment encodes a segment of random hashes.
func BenchmarkAppendSegment(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	hashes := make([]chainhash.Hash, SegmentBlocks)
	for i := range hashes {
		binary.BigEndian.PutUint32(hashes[i][:], r.Uint32())
	}
	var row []byte
	for b.Loop() {
		row = AppendSegment(row[:0], 0, func(h consensus.Height) chainhash.Hash { return hashes[h] })
	}
}
