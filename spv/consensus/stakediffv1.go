package consensus

import "math/bits"

// nextPriceV1 returns the ticket price after the given block by the algorithm
// that Decred was launched with. Once per window the price follows two
// exponentially weighted averages over the newest windows: of the pool size
// and of the number of tickets bought, each by its target.
func nextPriceV1(p *Params, a Ancestors, parent *Header) int64 {
	if int64(parent.Height()) < int64(p.ChainParams.CoinbaseMaturity)+1 {
		return p.ChainParams.MinimumStakeDiff
	}
	old := parent.sBits()
	if (int64(parent.Height())+1)%p.ChainParams.StakeDiffWindowSize != 0 {
		return old
	}
	pool, bought, ok := ticketDemand(p, a, parent)
	if !ok {
		return 0
	}
	byPool := clampPrice(p, old, mulShift(pool, old))
	byBought := clampPrice(p, old, mulShift(bought, old))
	next := clampPrice(p, old, mergePrices(old, byPool, byBought))
	return max(next, p.ChainParams.MinimumStakeDiff)
}

// ticketDemand returns the two averages in 32.32 fixed point: of the pool
// size, whose distance from its target counts by a weight, and of the tickets
// bought per window. Where the chain is too short the genesis block stands in.
func ticketDemand(p *Params, a Ancestors, parent *Header) (pool, bought int64, ok bool) {
	poolTarget := int64(p.ChainParams.TicketsPerBlock) * int64(p.ChainParams.TicketPoolSize)
	boughtTarget := p.ChainParams.StakeDiffWindowSize * int64(p.ChainParams.TicketsPerBlock)
	var pools, purchases average
	for i := range p.ChainParams.StakeDiffWindows {
		last := int64(parent.Height()) - i*p.ChainParams.StakeDiffWindowSize
		first := a.At(Height(max(last-p.ChainParams.StakeDiffWindowSize+1, 0)))
		sum, ok := ticketsBought(a, Height(last), Height(p.ChainParams.StakeDiffWindowSize))
		if first == nil || !ok {
			return 0, 0, false
		}
		skewed := (int64(first.PoolSize())-poolTarget)*int64(p.ChainParams.TicketPoolSizeWeight) + poolTarget
		shift := uint((p.ChainParams.StakeDiffWindows - i) * p.ChainParams.StakeDiffAlpha)
		pools.add(ratio(max(skewed, 1), poolTarget), shift)
		purchases.add(ratio(max(sum, 1), boughtTarget), shift)
	}
	return pools.value(), purchases.value(), true
}

// clampPrice keeps a price between a fourth and four times of the old one,
// where four stands for the adjustment factor of the network.
func clampPrice(p *Params, old, next int64) int64 {
	most := p.ChainParams.RetargetAdjustmentFactor
	switch {
	case next == 0 || old/next >= most:
		return old / most
	case next/old >= most:
		return old * most
	}
	return next
}

// mergePrices multiplies the changes from an old price to two others, and
// applies the product to the old price:
//
//	old × (b / old) / (old / a)
//
// with each step in 32.32 fixed point and rounded down. The others lie within
// the limits of clampPrice, which keeps every quotient in 64 bits.
func mergePrices(old, a, b int64) int64 {
	up := fixedQuotient(b, old)
	down := fixedQuotient(old, a)
	return mulShift(fixedQuotient(up, down), old)
}

// fixedQuotient returns floor(x × 2^32 / y) for positive numbers, x being less
// than 2^31 × y.
func fixedQuotient(x, y int64) int64 {
	q, _ := bits.Div64(uint64(x)>>32, uint64(x)<<32, uint64(y))
	return int64(q)
}
