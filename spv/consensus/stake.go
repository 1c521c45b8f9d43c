package consensus

// earlyVoteBits are the vote bits of every block before the stake validation
// height: without votes, the parent counts as approved.
const earlyVoteBits = 1

// checkStake checks the vote, revocation and ticket counts that a header shows
// by itself.
func checkStake(p *Params, h *Header) error {
	if err := checkVotes(p, h); err != nil {
		return err
	}
	if int64(h.Height()) < p.ChainParams.StakeValidationHeight {
		if err := checkEarlyStake(h); err != nil {
			return err
		}
	}
	if got, least := int64(h.revocations()), missed(p, h); h.Height() >= p.DCP0009 && got < least {
		return NewRuleError(RuleRevocations, h, "want at least %d, got %d", least, got)
	}
	if h.freshStake() > p.ChainParams.MaxFreshStakePerBlock {
		return NewRuleError(RuleFreshStake, h, "want at most %d tickets, got %d", p.ChainParams.MaxFreshStakePerBlock, h.freshStake())
	}
	return nil
}

// checkVotes checks the number of votes: from the stake validation height on a
// majority of the tickets drawn has to vote.
func checkVotes(p *Params, h *Header) error {
	var least, most uint16
	if int64(h.Height()) >= p.ChainParams.StakeValidationHeight {
		least, most = p.ChainParams.TicketsPerBlock/2+1, p.ChainParams.TicketsPerBlock
	}
	if v := h.voters(); v < least || v > most {
		return NewRuleError(RuleVotes, h, "want %d to %d, got %d", least, most, v)
	}
	return nil
}

// checkEarlyStake checks what must hold while there are no votes.
func checkEarlyStake(h *Header) error {
	switch {
	case h.revocations() != 0:
		return NewRuleError(RuleEarlyStake, h, "want no revocations, got %d", h.revocations())
	case h.VoteBits() != earlyVoteBits:
		return NewRuleError(RuleEarlyStake, h, "want vote bits %04x, got %04x", earlyVoteBits, h.VoteBits())
	case h.finalState() != [6]byte{}:
		return NewRuleError(RuleEarlyStake, h, "want an empty final state, got %x", h.finalState())
	}
	return nil
}
