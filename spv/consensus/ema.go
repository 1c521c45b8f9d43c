package consensus

import "time"

// nextEMA returns the target of the block after the given one, which begins a
// window, under the algorithm that Decred was launched with: the target is
// multiplied with an exponentially weighted average of how much longer than
// intended the newest windows took.
func nextEMA(p *Params, a Ancestors, parent *Header) uint32 {
	slowness, ok := windowSlowness(p, a, parent)
	if !ok {
		return 0
	}
	return adjustBits(p, parent.Bits(), slowness)
}

// windowSlowness returns the weighted average, in 32.32 fixed point, of the
// time that the newest windows took by the time they should have taken. A
// window that reaches back to the genesis block counts as if it took the
// intended time. It reports false if a window is out of reach.
func windowSlowness(p *Params, a Ancestors, parent *Header) (int64, bool) {
	timespan := int64(p.ChainParams.TargetTimespan / time.Second)
	var sum average
	recent := parent.Timestamp()
	for i := range p.ChainParams.WorkDiffWindows {
		height := max(int64(parent.Height())-(i+1)*p.ChainParams.WorkDiffWindowSize, 0)
		older := a.At(Height(height))
		if older == nil {
			return 0, false
		}
		took := recent - older.Timestamp()
		if height == 0 {
			took = timespan
		}
		sum.add(ratio(took, timespan), uint((p.ChainParams.WorkDiffWindows-i)*p.ChainParams.WorkDiffAlpha))
		recent = older.Timestamp()
	}
	return sum.value(), true
}

// adjustBits returns the target times the factor, which is in 32.32 fixed
// point, but not less than a fourth and not more than four times of what it
// was, where four stands for the adjustment factor of the network, and not
// above the limit of the network. A product of zero becomes the limit, too.
func adjustBits(p *Params, old uint32, factor int64) uint32 {
	m, shift := expand(old)
	least, _ := scaled(m, shift)
	least.DivUint64(uint64(p.ChainParams.RetargetAdjustmentFactor))
	if factor < 0 {
		return compactOf(&least)
	}
	factor = min(factor, p.ChainParams.RetargetAdjustmentFactor<<32)
	// The product has the 23 bits of m and the 32 and few of the factor.
	next, fits := scaled(m*uint64(factor), shift-32)
	switch {
	case !fits || next.IsZero():
		return p.ChainParams.PowLimitBits
	case next.Lt(&least):
		return compactOf(&least)
	}
	return min(compactOf(&next), p.ChainParams.PowLimitBits)
}
