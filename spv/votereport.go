package spv

import (
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/progress"
)

// VoteReport is what a service that verifies votes (package votecheck) has found out about
// the main chain. The zero value says that nothing is wrong.
type VoteReport struct {
	// Failed is the newest block of the main chain that too few tickets have voted for,
	// and Reason says so in one sentence. No node that validates blocks has it on its
	// chain, so the status is not synced while this one does. The zero value is none.
	Failed consensus.BlockID
	Reason string

	// Warnings are shown by the status, at most one of each code. Since is ignored.
	Warnings []Warning
}

// Equal reports whether two reports say the same.
func (v VoteReport) Equal(o VoteReport) bool {
	same := func(a, b Warning) bool { return a.Code == b.Code && a.Text == b.Text && a.Hint == b.Hint }
	return v.Failed == o.Failed && v.Reason == o.Reason && slices.EqualFunc(v.Warnings, o.Warnings, same)
}

// failed reports whether a block has failed.
func (v *VoteReport) failed() bool { return v != nil && v.Failed != consensus.BlockID{} }

// unvotedHint is what users can do about a chain with such a block.
const unvotedHint = "Other peers are looked for. Count on no payment until the status is synced, or name a peer you trust with the connect option."

// ReportVotes replaces what the status says about votes. It may be called at any time: a
// run that is not at work shows it later.
func (s *Syncer) ReportVotes(v VoteReport) {
	v.Warnings = slices.Clone(v.Warnings)
	s.votes.Store(&v)
	select {
	case s.reported <- struct{}{}:
	default:
	}
}

// unvoted returns the newest report if a block that it calls failed is on the main chain,
// and nil otherwise. What the store cannot say now counts as if it were.
func (l *loop) unvoted() *VoteReport {
	v := l.syncer.votes.Load()
	if !v.failed() || l.store == nil {
		return nil
	}
	if on, err := l.store.OnMain(v.Failed); err == nil && !on {
		return nil
	}
	return v
}

// holds reports whether a block is on the main chain as readers see it.
func (s *Syncer) holds(id consensus.BlockID) bool {
	store, err := s.Chain()
	if err != nil {
		return false
	}
	hash, err := store.Hash(id.Height)
	return err == nil && hash == id.Hash
}

// takeVotes puts the warnings of the newest report into the status.
func (l *loop) takeVotes() {
	v := l.syncer.votes.Load()
	if v == l.votesTaken {
		return
	}
	if l.votesTaken != nil {
		for _, w := range l.votesTaken.Warnings {
			if !v.has(w.Code) {
				l.display.unwarn(w.Code)
			}
		}
	}
	l.votesTaken = v
	for _, w := range v.Warnings {
		l.display.warnOnce(w.Code, w.Text, w.Hint)
	}
}

// has reports whether the report has a warning of a code.
func (v *VoteReport) has(code string) bool {
	return slices.ContainsFunc(v.Warnings, func(w Warning) bool { return w.Code == code })
}

// unvoted returns a synced status as it is when a block of the chain is not voted for.
func (st *Status) unvoted(v *VoteReport) Status {
	next := *st
	next.Synced, next.Ready = false, false
	next.Ratio, next.ETA = progress.LostAtLeast(0), time.Duration(0)
	next.Reason, next.Hint = v.Reason, unvotedHint
	return next
}
