package chain

import "time"

// capShift makes the cap on the difficulty of the test network: the least
// target is the limit shifted right by it.
const capShift = 6

// NextBits returns the proof-of-work target, in compact form, that the child
// of the block at the height parent must have. The time of the child, in Unix
// seconds, matters only on the test network below MinDiffUntil. It returns
// zero, which is no target, if an ancestor it needs is out of reach.
func NextBits(p *Params, a Ancestors, parent Height, newTime int64) uint32 {
	block := a.At(parent)
	if block == nil {
		return 0
	}
	next := parent + 1
	var bits uint32
	switch {
	case next >= p.DCP0011:
		bits = nextASERT(p, a, block)
	case int64(next)%p.WorkDiffWindowSize != 0 && p.ReduceMinDifficulty && next < p.MinDiffUntil:
		return reducedBits(p, a, block, newTime)
	default:
		bits = nextEMA(p, a, block)
	}
	if bits != 0 && next >= p.MinDiffUntil {
		bits = max(bits, leastBits(p))
	}
	return bits
}

// leastBits returns the least target of a network with a cap on the
// difficulty, in compact form.
func leastBits(p *Params) uint32 {
	limit := powLimit(p)
	return compactOf(limit.Rsh(capShift))
}

// reducedBits returns the target between retargets on a network that reduces
// its difficulty to the minimum when no block was found for long: the minimum
// then, and else the target of the newest block that did not use the
// exception, or the one that began the current range of windows.
func reducedBits(p *Params, a Ancestors, parent *Header, newTime int64) uint32 {
	if newTime > parent.Timestamp()+int64(p.MinDiffReductionTime/time.Second) {
		return p.PowLimitBits
	}
	span := Height(p.WorkDiffWindowSize * p.WorkDiffWindows)
	for parent.Bits() == p.PowLimitBits && parent.Height()%span != 0 {
		if parent = a.At(parent.Height() - 1); parent == nil {
			return 0
		}
	}
	return parent.Bits()
}
