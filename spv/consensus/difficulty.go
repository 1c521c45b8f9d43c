package consensus

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
	case int64(next)%p.ChainParams.WorkDiffWindowSize == 0:
		bits = nextEMA(p, a, block)
	case p.MinDiffAfter > 0 && next < p.MinDiffUntil:
		return reducedBits(p, a, block, newTime)
	default:
		return block.Bits()
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
	if late(p, parent, newTime) {
		return p.ChainParams.PowLimitBits
	}
	span := p.ChainParams.WorkDiffWindowSize * p.ChainParams.WorkDiffWindows
	block := parent
	for block.Bits() == p.ChainParams.PowLimitBits && int64(block.Height())%span != 0 {
		before := a.At(block.Height() - 1)
		if before == nil {
			return 0
		}
		// A block that was neither late nor retargeted took the minimum over
		// from those before it: there is nothing else to find.
		if !late(p, before, block.Timestamp()) && int64(block.Height())%p.ChainParams.WorkDiffWindowSize != 0 {
			break
		}
		block = before
	}
	return block.Bits()
}

// late reports whether the child of a block, having the given time, comes so
// late that it may take the minimum difficulty.
func late(p *Params, parent *Header, t int64) bool {
	return t > parent.Timestamp()+int64(p.MinDiffAfter/time.Second)
}
