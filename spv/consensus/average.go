package consensus

import "math/bits"

// average sums ratios, each weighted by a power of two, and divides the sum by
// the sum of the weights. Both algorithms that Decred was launched with, for
// proof-of-work and for ticket prices, are built on it. Ratios are in 32.32
// fixed point; the sum has 128 bits in two's complement.
type average struct {
	hi      int64
	lo      uint64
	weights uint64
}

// ratio returns floor(n/d) in 32.32 fixed point. It needs |n| < 2^32 × d and d
// in [1, 2^31), which all uses keep by far.
func ratio(n, d int64) int64 {
	whole, rest := n/d, n%d
	if rest < 0 {
		whole, rest = whole-1, rest+d
	}
	return whole<<32 + rest<<32/d
}

// add adds a ratio with the weight 2^shift, shift being less than 64.
func (s *average) add(ratio int64, shift uint) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(ratio)<<shift, 0)
	s.hi += ratio>>(64-shift) + int64(carry)
	s.weights += 1 << shift
}

// value returns the average rounded down; every negative one comes out as −1.
// As an average of numbers of 63 bits it has no more than these itself.
func (s *average) value() int64 {
	if s.hi < 0 {
		return -1
	}
	quotient, _ := bits.Div64(uint64(s.hi), s.lo, s.weights)
	return int64(quotient)
}
