package serve

import (
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// sumSize is the size of the checksum of a message in bytes.
const sumSize = 4

// rememberedSums bounds how many checksums are remembered, 108 bytes each without the map's own:
// a client that syncs from the genesis block asks for 11,000 ranges of a chain of a million blocks.
const rememberedSums = 1 << 15

// span identifies the payload of a message with headers or filters: all that is in one follows
// from its first and its last block, because a header names the block before it and commits to
// its filter.
type span struct {
	cmd         string
	first, last chainhash.Hash
}

// sums remembers the checksums of messages with ranges of the chain, which clients of the same kind
// ask for alike: hashing such a message costs more than reading and sending it. Any goroutine may
// call its methods.
type sums struct {
	most int // how many are remembered

	mu    sync.Mutex // guards known, held for a moment
	known map[span][sumSize]byte
}

func newSums(most int) *sums { return &sums{most: most, known: make(map[span][sumSize]byte)} }

// of returns the checksum of a payload. If there are too many, any others are forgotten.
func (s *sums) of(key span, payload []byte) [sumSize]byte {
	s.mu.Lock()
	sum, ok := s.known[key]
	s.mu.Unlock()
	if ok {
		return sum
	}
	sum = checksum(payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	for other := range s.known {
		if len(s.known) < s.most {
			break
		}
		delete(s.known, other)
	}
	s.known[key] = sum
	return sum
}

// checksum hashes a payload.
func checksum(payload []byte) [sumSize]byte {
	sum := chainhash.HashH(payload)
	return [sumSize]byte(sum[:sumSize])
}
