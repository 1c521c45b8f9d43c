package consensus

import "fmt"

// NextPoolSize returns the least and the greatest number of live tickets that
// the child of the block at the height parent can state. They follow from the
// parent: it adds the tickets that mature with it, takes away those drawn to
// vote in it, and lets those expire that were drawn for too long in vain. Only
// the number of the last does not show in headers, but has limits; before any
// ticket is old enough, and mostly after DCP0009, the range is one number.
//
// It reports false if an ancestor it needs is out of reach. A greatest number
// below zero means that no block can follow.
func NextPoolSize(p *Params, a Ancestors, parent Height) (least, most int64, ok bool) {
	block := a.At(parent)
	if block == nil {
		return 0, 0, false
	}
	most = int64(block.PoolSize()) - drawn(p, block)
	expired := mayExpire(p, block)
	if int64(parent) >= p.ChainParams.StakeEnabledHeight {
		if block = a.At(parent - Height(p.ChainParams.TicketMaturity)); block == nil {
			return 0, 0, false
		}
		most += int64(block.freshStake())
	}
	return most - expired, most, true
}

// drawn returns how many tickets are drawn to vote in a block. Whether they do
// or not, they are live no more.
func drawn(p *Params, h *Header) int64 {
	if int64(h.Height()) < p.ChainParams.StakeValidationHeight {
		return 0
	}
	return int64(p.ChainParams.TicketsPerBlock)
}

// mayExpire returns how many tickets can expire with a block. All that do have
// matured in the same block and so were bought in one. From DCP0009 on the
// block revokes them, besides those that were drawn and did not vote.
func mayExpire(p *Params, h *Header) int64 {
	most := int64(p.ChainParams.MaxFreshStakePerBlock)
	switch {
	case int64(h.Height()) <= int64(p.ChainParams.TicketExpiry):
		return 0
	case h.Height() >= p.DCP0009:
		return min(most, int64(h.revocations())-missed(p, h))
	}
	return most
}

// missed returns how many of the tickets drawn to vote in a block did not.
func missed(p *Params, h *Header) int64 { return drawn(p, h) - int64(h.voters()) }

// checkPoolSize checks that the number of live tickets follows from the
// parent.
func checkPoolSize(p *Params, a Ancestors, h *Header) error {
	least, most, ok := NextPoolSize(p, a, h.Height()-1)
	switch size := int64(h.PoolSize()); {
	case !ok:
		return fmt.Errorf("pool size of block %d: %w", h.Height(), ErrOutOfReach)
	case size < least || size > most:
		return NewRuleError(RulePoolSize, h, "want %d to %d, got %d", least, most, size)
	}
	return nil
}
