package store

import (
	"encoding/binary"
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
