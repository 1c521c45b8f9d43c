package chain

import (
	"math/bits"
	"time"

	"github.com/decred/dcrd/math/uint256"
)

// nextEMA returns the target of the block after the given one, which begins a
// window, under the algorithm that Decred was launched with: the target is
// multiplied with an exponentially weighted average of how much longer than
// intended the newest windows took.
func nextEMA(p *Params, a Ancestors, parent *Header) uint32 {
	slowness, ok := windowSlowness(p, a, parent)
	if !ok {
		return 0
	}
	limit := powLimit(p)
	target := adjustTarget(p, parent.Bits(), slowness)
	if target.Gt(&limit) {
		target = limit
	}
	return compactOf(&target)
}

// windowSlowness returns the weighted average, in 32.32 fixed point, of the
// time that the newest windows took by the time they should have taken. A
// window that reaches back to the genesis block counts as if it took the
// intended time. It reports false if a window is out of reach.
func windowSlowness(p *Params, a Ancestors, parent *Header) (int64, bool) {
	timespan := int64(p.TargetTimespan / time.Second)
	var sum average
	recent := parent.Timestamp()
	for i := range p.WorkDiffWindows {
		height := max(int64(parent.Height())-(i+1)*p.WorkDiffWindowSize, 0)
		older := a.At(Height(height))
		if older == nil {
			return 0, false
		}
		took := recent - older.Timestamp()
		if height == 0 {
			took = timespan
		}
		sum.add(ratio(took, timespan), uint((p.WorkDiffWindows-i)*p.WorkDiffAlpha))
		recent = older.Timestamp()
	}
	return sum.value(), true
}

// adjustTarget returns the target times the factor, which is in 32.32 fixed
// point, but not less than a fourth and not more than four times of what it
// was, where four stands for the adjustment factor of the network. One that
// comes out as zero becomes the limit of the network; so does one that is too
// large for 256 bits.
func adjustTarget(p *Params, old uint32, factor int64) uint256.Uint256 {
	m, shift := expand(old)
	least, _ := scaled(m, shift)
	least.DivUint64(uint64(p.RetargetAdjustmentFactor))
	if factor < 0 {
		return least
	}
	if most := p.RetargetAdjustmentFactor << 32; factor > most {
		factor = most
	}
	next, fits := product(m, uint64(factor), shift-32)
	switch {
	case !fits || next.IsZero():
		return powLimit(p)
	case next.Lt(&least):
		return least
	}
	return next
}

// product returns floor(x × y × 2^shift), and false when it has more than 256
// bits or x × y has more than 64.
func product(x, y uint64, shift int) (uint256.Uint256, bool) {
	hi, lo := bits.Mul64(x, y)
	if hi != 0 {
		return uint256.Uint256{}, false
	}
	return scaled(lo, shift)
}
