package consensus

import (
	"math"
	"math/bits"

	"github.com/decred/dcrd/math/uint256"
)

// NextSBits returns the ticket price, in atoms, that the child of the block at
// the height parent must have. It returns zero, which is no price, if an
// ancestor it needs is out of reach.
func NextSBits(p *Params, a Ancestors, parent Height) int64 {
	block := a.At(parent)
	if block == nil {
		return 0
	}
	if parent+1 < p.DCP0001 {
		return nextPriceV1(p, a, block)
	}
	return nextPriceV2(p, a, block)
}

// nextPriceV2 returns the ticket price after the given block by DCP0001. The
// price changes once per window: it is multiplied with how the number of
// tickets, immature ones included, changed since the window before, and with
// how far that number is from its target.
func nextPriceV2(p *Params, a Ancestors, parent *Header) int64 {
	next := int64(parent.Height()) + 1
	if next < int64(p.ChainParams.CoinbaseMaturity)+1 {
		return p.ChainParams.MinimumStakeDiff
	}
	if next%p.ChainParams.StakeDiffWindowSize != 0 {
		return parent.sBits()
	}
	before, ok := ticketsAt(p, a, parent.Height()-Height(p.ChainParams.StakeDiffWindowSize))
	if !ok {
		return 0
	}
	if before == 0 {
		return parent.sBits()
	}
	now, ok := ticketsAt(p, a, parent.Height())
	if !ok {
		return 0
	}
	return priceV2(p, next, parent.sBits(), before, now)
}

// ticketsAt returns the number of tickets, live or immature, as of the block
// at the given height; before the genesis block there are none. It reports
// false if a block is out of reach.
func ticketsAt(p *Params, a Ancestors, h Height) (int64, bool) {
	if h < 0 {
		return 0, true
	}
	block := a.At(h)
	if block == nil {
		return 0, false
	}
	immature, ok := ticketsBought(a, h, Height(p.ChainParams.TicketMaturity))
	return int64(block.PoolSize()) + immature, ok
}

// ticketsBought returns the number of tickets bought in the n blocks that end
// with the one at the given height. It reports false if one is out of reach.
func ticketsBought(a Ancestors, last, n Height) (sum int64, ok bool) {
	for h := last; h > last-n && h >= 0; h-- {
		block := a.At(h)
		if block == nil {
			return 0, false
		}
		sum += int64(block.freshStake())
	}
	return sum, true
}

// priceV2 is the formula of DCP0001:
//
//	price × now² / before / target
//
// with each division rounded down, not above the supply divided by the target
// pool size and not below the minimum of the network.
func priceV2(p *Params, height, price, before, now int64) int64 {
	target := uint64(p.ChainParams.TicketsPerBlock) * uint64(int64(p.ChainParams.TicketPoolSize)+int64(p.ChainParams.TicketMaturity))
	var next uint256.Uint256
	next.SetUint64(uint64(price)).MulUint64(uint64(now)).MulUint64(uint64(now))
	next.DivUint64(uint64(before)).DivUint64(target)

	pool := int64(p.ChainParams.TicketPoolSize)
	want := int64(math.MaxInt64) // more atoms than there ever are
	if next.LtUint64(uint64(want / pool)) {
		want = int64(next.Uint64()) * pool
	}
	return max(min(estimateSupply(p, height, want), want)/pool, p.ChainParams.MinimumStakeDiff)
}

// estimateSupply returns the number of atoms that exist at a height when every
// block had full subsidy (DCP0001). The genesis block has none and the first
// block its own. The number only rises with the height: adding up stops early once
// it is at least enough.
func estimateSupply(p *Params, height, enough int64) int64 {
	if height <= 0 {
		return 0
	}
	subsidy := p.ChainParams.BaseSubsidy
	supply := p.ChainParams.BlockOneSubsidy() - 2*subsidy
	for range height / p.ChainParams.SubsidyReductionInterval {
		if supply >= enough {
			return supply
		}
		supply += p.ChainParams.SubsidyReductionInterval * subsidy
		subsidy = subsidy * p.ChainParams.MulSubsidy / p.ChainParams.DivSubsidy
	}
	return supply + (1+height%p.ChainParams.SubsidyReductionInterval)*subsidy
}

// mulShift returns floor(x × y / 2^32), and the greatest number there is when
// that is too large.
func mulShift(x, y int64) int64 {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	if hi >= 1<<31 {
		return 1<<63 - 1
	}
	return int64(hi<<32 | lo>>32)
}
