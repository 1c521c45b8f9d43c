package consensus

import "time"

// Coefficients of the cubic that stands in for 2^x − 1 on [0, 1) in 16.48
// fixed point (DCP0011).
const (
	asertLinear    = 195_766_423_245_049 // 0.695502049712533 × 2^48, rounded up
	asertQuadratic = 971_821_376         // 0.2262697964 × 2^32, rounded up
	asertCubic     = 5_127               // 0.0782318 × 2^16, rounded up
)

// asertBits returns the target of a block whose parent is timeDelta seconds
// and heightDelta blocks after the anchor (DCP0011): the starting target,
// doubled for every half life that the parent is behind the ideal schedule and
// halved for every one it is ahead, and at least one and at most the limit.
//
// The starting target is a compact number of 23 significant bits, and so the
// product with the 17 bits of 2^x stays in 64 bits until the final shift.
func asertBits(p *Params, timeDelta, heightDelta int64) uint32 {
	late := timeDelta - heightDelta*int64(p.ChainParams.TargetTimePerBlock/time.Second)
	exponent := late << 16 / p.ChainParams.WorkDiffV2HalfLifeSecs // rounds towards zero
	whole, frac := exponent>>16, uint64(exponent&0xffff)
	factor := 1<<16 + (asertLinear*frac+asertQuadratic*frac*frac+asertCubic*frac*frac*frac+1<<47)>>48

	start, shift := expand(p.ChainParams.WorkDiffV2Blake3StartBits)
	target, fits := scaled(start*factor, shift+int(whole)-16)
	switch {
	case !fits:
		return p.ChainParams.PowLimitBits
	case target.IsZero():
		target.SetUint64(1)
	}
	return min(compactOf(&target), p.ChainParams.PowLimitBits)
}

// nextASERT returns the target of the block after the given one. On networks
// where DCP0011 was always active the first block takes the starting target
// and is then itself the anchor of all that follow.
func nextASERT(p *Params, a Ancestors, parent *Header) uint32 {
	delta := parent.Height() - p.ASERTAnchor
	if delta < 0 {
		return p.ChainParams.WorkDiffV2Blake3StartBits
	}
	anchor := a.At(p.ASERTAnchor)
	if anchor == nil {
		return 0
	}
	return asertBits(p, parent.Timestamp()-anchor.Timestamp(), int64(delta))
}
