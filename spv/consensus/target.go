package consensus

import (
	"math/bits"

	"github.com/decred/dcrd/math/uint256"
)

// The compact form of a target is a base 256 floating point number: the
// exponent in the top byte, then a sign bit, then 23 bits of mantissa. Its
// value is mantissa × 256^(exponent−3).
const (
	compactMantissa = 0x007fffff
	compactSign     = 0x00800000
)

// expand returns the compact number as m × 2^shift, where m has at most 23
// bits. A negative number comes out as zero: neither is a valid target.
func expand(compact uint32) (m uint64, shift int) {
	if compact&compactSign != 0 {
		return 0, 0
	}
	m, exponent := uint64(compact&compactMantissa), int(compact>>24)
	if exponent <= 3 {
		return m >> (8 * (3 - exponent)), 0
	}
	return m, 8 * (exponent - 3)
}

// scaled returns floor(m × 2^shift). It reports false when the result has
// more than 256 bits.
func scaled(m uint64, shift int) (v uint256.Uint256, fits bool) {
	switch {
	case m == 0 || shift <= -64:
		return v, true
	case shift < 0:
		v.SetUint64(m >> -shift)
		return v, true
	case bits.Len64(m)+shift > 256:
		return v, false
	}
	v.SetUint64(m).Lsh(uint32(shift))
	return v, true
}

// targetOf returns the target that a compact number stands for. It reports
// false when there is none: the number is negative or has more than 256 bits.
// The target may be zero.
func targetOf(compact uint32) (t uint256.Uint256, ok bool) {
	if compact&compactSign != 0 {
		return t, false
	}
	return scaled(expand(compact))
}

// compactOf returns the compact form of a target, which keeps its 16 to 23
// most significant bits. Compact forms are in the order of their targets.
func compactOf(t *uint256.Uint256) uint32 {
	size := (uint32(t.BitLen()) + 7) / 8
	var mantissa uint32
	if size <= 3 {
		mantissa = t.Uint32() << (8 * (3 - size))
	} else {
		var top uint256.Uint256
		mantissa = top.RshVal(t, 8*(size-3)).Uint32()
	}
	if mantissa&compactSign != 0 {
		mantissa >>= 8
		size++
	}
	return size<<24 | mantissa
}

// powLimit returns the greatest target of the network.
func powLimit(p *Params) (limit uint256.Uint256) {
	limit.SetBig(p.ChainParams.PowLimit)
	return limit
}

// Work returns the expected number of hashes that a block with the given
// target takes: 2^256 / (target + 1), rounded down, and zero for what is no
// target.
func Work(bits uint32) (work uint256.Uint256) {
	target, ok := targetOf(bits)
	if !ok || target.IsZero() {
		return work
	}
	// 2^256 does not fit: 2^256/(t+1) is (2^256−1−t)/(t+1) + 1.
	var divisor uint256.Uint256
	divisor.Set(&target).AddUint64(1)
	work.Set(&target).Not()
	work.Div(&divisor).AddUint64(1)
	return work
}

// EnoughWork reports whether a chain with the given total work, genesis block
// included, has at least the minimum that the network is known to have. Below
// it nothing says that the chain is not a cheap imitation.
func EnoughWork(p *Params, work uint256.Uint256) bool {
	if p.ChainParams.MinKnownChainWork == nil {
		return true
	}
	var least uint256.Uint256
	least.SetBig(p.ChainParams.MinKnownChainWork)
	return work.GtEq(&least)
}

// TimesEasier returns how many times as large as target b target a is, both in compact
// form: rounded down, at least one, and one if either is no target.
func TimesEasier(a, b uint32) uint64 {
	easy, ok := targetOf(a)
	hard, valid := targetOf(b)
	if !ok || !valid || hard.IsZero() {
		return 1
	}
	var most uint256.Uint256
	most.SetUint64(1 << 63)
	easy.Div(&hard)
	if easy.Gt(&most) {
		return 1 << 63
	}
	return max(easy.Uint64(), 1)
}
