package consensus

import (
	"errors"
	"fmt"
	"time"
)

// futureLimit is how far ahead of the local clock a block may be.
const futureLimit = 2 * time.Hour

// ErrOutOfReach is returned when an ancestor that a rule needs was not to be
// had. It says nothing about the header.
var ErrOutOfReach = errors.New("ancestor out of reach")

// Ancestors is the branch that a header is checked on, or extends. All its
// headers have passed the rules.
type Ancestors interface {
	// At returns the header at a height of the branch, or nil if it is out of
	// reach. In reach must be the [Reach] newest headers, and the block at
	// ASERTAnchor once the branch has one. The header is only read, and only
	// until the next call.
	At(h Height) *Header
}

// VersionRuns may be implemented by [Ancestors] besides. The rule of versions counts those of
// up to 1,000 blocks for each header: in an era whose version is not the newest it reads 51
// headers, and with runs a few.
type VersionRuns interface {
	// VersionRun returns a number of blocks of the branch, at least 1, that have the same
	// version: the one at a height, which is in reach, and those before it. There may be more.
	VersionRun(h Height) int
}

// Reach returns how many of the newest headers of a branch the rules look at.
func Reach(p *Params) int {
	return int(max(
		p.ChainParams.WorkDiffWindows*p.ChainParams.WorkDiffWindowSize+1,
		p.ChainParams.StakeDiffWindows*p.ChainParams.StakeDiffWindowSize,
		p.ChainParams.StakeDiffWindowSize+int64(p.ChainParams.TicketMaturity)+1,
		int64(p.ChainParams.BlockUpgradeNumToCheck)+2,
		medianBlocks,
	))
}

// CheckContext checks the rules that hold between a header and its ancestors
// and the clock, cheapest first: height, times, difficulty, ticket price, pool
// size, versions. It is for headers that passed [PrepareHeaders] or
// [CheckHeader], on top of a.At(h.Height()-1), whose hash the caller has found
// to be h.PrevBlock().
//
// The first broken rule is returned as a [*RuleError]. Any other error is
// [ErrOutOfReach]. It allocates nothing unless it fails.
func CheckContext(p *Params, a Ancestors, h *Header, now time.Time) error {
	height := h.Height()
	parent := a.At(height - 1)
	if parent == nil {
		return fmt.Errorf("parent of block %d: %w", height, ErrOutOfReach)
	}
	if err := checkStep(h, parent); err != nil {
		return err
	}
	if err := checkTime(p, a, h, parent, now); err != nil {
		return err
	}
	if err := checkDifficulty(p, a, h); err != nil {
		return err
	}
	if err := checkPoolSize(p, a, h); err != nil {
		return err
	}
	if err := checkVersion(p, a, h); err != nil {
		return err
	}
	return checkStakeVersion(p, a, h, parent)
}

// checkTime checks the timestamp against the clock and the blocks before.
func checkTime(p *Params, a Ancestors, h, parent *Header, now time.Time) error {
	t := h.Timestamp()
	if latest := now.Add(futureLimit).Unix(); t > latest {
		return NewRuleError(RuleFutureTime, h, "want at most %d, got %d", latest, t)
	}
	switch after, ok := afterMedian(a, parent.Height(), t); {
	case !ok:
		return fmt.Errorf("median time of block %d: %w", h.Height(), ErrOutOfReach)
	case !after:
		return NewRuleError(RuleMedianTime, h, "want above %d, got %d", MedianTime(a, parent.Height()), t)
	}
	return checkSpacing(p, h, parent)
}

// checkSpacing checks the brake of the test network: from MinDiffUntil on, a
// block of the greatest difficulty comes at least a minute after its parent.
func checkSpacing(p *Params, h, parent *Header) error {
	if h.Height() < p.MinDiffUntil || h.Bits() > leastBits(p) {
		return nil
	}
	if least := parent.Timestamp() + 60; h.Timestamp() < least {
		return NewRuleError(RuleSpacing, h, "want at least %d, got %d", least, h.Timestamp())
	}
	return nil
}

// checkDifficulty checks the target and the ticket price.
func checkDifficulty(p *Params, a Ancestors, h *Header) error {
	parent := h.Height() - 1
	switch want := NextBits(p, a, parent, h.Timestamp()); {
	case want == 0:
		return fmt.Errorf("target of block %d: %w", h.Height(), ErrOutOfReach)
	case want != h.Bits():
		return NewRuleError(RuleBits, h, "want %08x, got %08x", want, h.Bits())
	}
	switch want := NextSBits(p, a, parent); {
	case want == 0:
		return fmt.Errorf("ticket price of block %d: %w", h.Height(), ErrOutOfReach)
	case want != h.sBits():
		return NewRuleError(RuleSBits, h, "want %d, got %d", want, h.sBits())
	}
	return nil
}
