package testnet

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"
)

// stream is the only source of chance in a generated chain: numbers that
// follow from two words alone. The PCG generator and the reductions below are
// fixed, so that a seed means the same chain with every version of Go.
type stream struct{ pcg *rand.PCG }

func newStream(seed, at uint64) stream { return stream{rand.NewPCG(seed, at)} }

// below returns a number in [0, n).
func (s stream) below(n int) int {
	hi, _ := bits.Mul64(s.pcg.Uint64(), uint64(n))
	return int(hi)
}

// oneIn reports true once in n times.
func (s stream) oneIn(n int) bool { return s.below(n) == 0 }

// fill fills a multiple of four bytes.
func (s stream) fill(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, s.pcg.Uint64())
	}
	if len(b) > 0 {
		binary.LittleEndian.PutUint32(b, uint32(s.pcg.Uint64()))
	}
}

// Chance returns a source of numbers that follow from a seed, for the random choices of a
// test. It may be used from any goroutine.
func Chance(seed uint64) func() uint64 {
	var mu sync.Mutex
	s := newStream(seed, 0)
	return func() uint64 {
		mu.Lock()
		defer mu.Unlock()
		return s.pcg.Uint64()
	}
}
