package votecheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// Codes of warnings.
const (
	codeNotVoted = "payment-not-voted"  // a block of a payment is not voted for
	codeUnknown  = "payment-votes-held" // peers withhold what is needed to judge one
	codeStopped  = "votes-not-verified" // votes are not verified at the moment
)

// mostNamed is how many payments a warning names.
const mostNamed = 3

// Votes is what is known about the votes behind a transaction.
type Votes struct {
	// Verified is the number of verified votes that approve of its block.
	Verified int

	// Missing says why other votes for its block do not count; together with
	// Verified they are as many as consensus draws tickets, or the votes of a block
	// that has more.
	Missing []Missing

	// Confirmations is the number of blocks, from its own on and without a gap, that
	// are voted for by a majority of verified tickets. One after the first counts too
	// if the majority disapproves of its regular transactions.
	Confirmations int

	// Blocks are its block and up to five after it.
	Blocks []BlockVotes
}

// Missing is a vote, or several, that does not count.
type Missing struct {
	Count int
	TxID  chainhash.Hash // the zero value if it is not known
	Code  string         // stable, lower case with dashes
	Text  string         // one sentence or part of one
}

// Votes returns what is known about the votes behind a transaction that is mined in a
// block. It is false if nothing is known and nothing will be, unless it is asked for: no
// vote for these blocks was verified, and none is about to be.
func (c *Checker) Votes(block consensus.BlockID) (Votes, bool) {
	blocks := c.blocksOf(block)
	if len(blocks) == 0 {
		return Votes{}, false
	}
	known := c.wanted(block)
	v := Votes{Blocks: blocks, Verified: blocks[0].Result.Approving}
	gap := false
	for i := range blocks {
		b := &blocks[i]
		known = known || b.State == Judged || b.State == SuccessorWithheld || b.State == TicketsWithheld
		gap = gap || !b.backed() || i == 0 && b.Verdict == votes.Disapproved
		if !gap {
			v.Confirmations++
		}
	}
	if !known {
		return Votes{}, false
	}
	v.Missing = missing(&blocks[0], int(c.cfg.Params.ChainParams.TicketsPerBlock))
	return v, true
}

// wanted reports whether a job, or a payment that will have one, is about a block.
func (c *Checker) wanted(block consensus.BlockID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == nil {
		return false
	}
	return slices.ContainsFunc(c.state.jobs, func(j jobRow) bool { return !j.over() && j.block == block }) ||
		slices.ContainsFunc(c.payments, func(p payment) bool { return p.block == block })
}

// missing says why votes for a block do not count.
func missing(b *BlockVotes, drawn int) (list []Missing) {
	if b.State == Judged && b.Verdict == votes.NotRequired {
		return nil
	}
	if b.State != Judged && len(b.Result.Votes) == 0 {
		text := b.State.sentence(b.Block)
		if text == "" {
			text = "They are about to be verified."
		}
		return []Missing{{Count: drawn, Code: b.State.Code(), Text: text}}
	}
	for _, v := range b.Result.Votes {
		switch {
		case v.Reason != votes.Verified:
			list = append(list, Missing{1, v.TxID, v.Reason.Code(), v.Reason.String()})
		case !v.Approves():
			list = append(list, Missing{1, v.TxID, "disapproves", "disapproves of the regular transactions of the block"})
		}
	}
	if absent := drawn - len(b.Result.Votes); absent > 0 {
		list = append(list, Missing{Count: absent, Code: "not-cast", Text: "not in the next block: the ticket did not vote"})
	}
	return list
}

// tell reports to the status what is known of blocks that failed or are withheld, if that
// has changed.
func (l *loop) tell() {
	failed, held := l.trouble()
	var r spv.VoteReport
	if len(failed) > 0 {
		worst := failed[0] // the newest
		r.Failed, r.Reason = worst.Block, failedReason(worst)
		text := "Not voted for: " + failedReason(worst)
		if named := l.named(failed); named != "" {
			text = named + " " + failedReason(worst)
		}
		r.Warnings = append(r.Warnings, spv.Warning{Code: codeNotVoted, Text: text,
			Hint: "Do not count on it: these peers may show a false chain. Other peers are looked for; name one that you trust with the connect option."})
	}
	if len(held) > 0 {
		r.Warnings = append(r.Warnings, spv.Warning{Code: codeUnknown, Text: held[0].State.sentence(held[0].Block),
			Hint: "It is asked for again. Wait for other peers, or name one that you trust with the connect option."})
	}
	if l.report == nil || !r.Equal(*l.report) {
		l.report = &r
		l.cfg.Syncer.ReportVotes(r)
	}
}

// trouble returns the blocks of the main chain that are not voted for and those that
// cannot be judged, newest first.
func (l *loop) trouble() (failed, held []BlockVotes) {
	store, err := l.cfg.Syncer.Chain()
	if err != nil {
		return nil, nil
	}
	l.mu.Lock()
	var list []BlockVotes
	for _, r := range l.state.results {
		if l.verdict(r) == votes.NotVoted {
			list = append(list, BlockVotes{Block: r.Block, Successor: r.Successor, State: Judged, Verdict: votes.NotVoted, Result: r.Result, Voters: int(r.voters)})
		}
	}
	for _, p := range l.pending {
		if p.tries > 0 {
			list = append(list, BlockVotes{Block: p.block, Successor: p.successor, State: p.state})
		}
	}
	l.mu.Unlock()
	slices.SortFunc(list, func(a, b BlockVotes) int { return int(b.Block.Height - a.Block.Height) })
	for _, b := range list {
		switch {
		case !l.current(store, target{block: b.Block, successor: b.Successor}):
		case b.State == Judged:
			failed = append(failed, b)
		default:
			held = append(held, b)
		}
	}
	return failed, held
}

// failedReason says in one sentence what is wrong with the votes for a block.
func failedReason(b BlockVotes) string {
	var reasons []string
	for _, v := range b.Result.Failed() {
		if text := v.Reason.String(); !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	why := "the header of the next block contradicts them"
	switch {
	case len(b.Result.Votes) == 0:
		why = "the next block holds none"
	case len(reasons) > 0:
		why = strings.Join(reasons, "; ")
	}
	return fmt.Sprintf("Block %d is not voted for by a majority of verified tickets: %d approve, %d disapprove of %d (%s).",
		b.Block.Height, b.Result.Approving, b.Result.Disapproving, len(b.Result.Votes), why)
}

// named names the payments that blocks confirm, or should.
func (l *loop) named(failed []BlockVotes) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	seen := make(map[chainhash.Hash]bool)
	add := func(wallet string, tx chainhash.Hash, amount dcrutil.Amount, at consensus.BlockID) {
		confirms := func(b BlockVotes) bool { return b.Block.Height >= at.Height && b.Block.Height < at.Height+Blocks }
		if !seen[tx] && slices.ContainsFunc(failed, confirms) {
			seen[tx] = true
			names = append(names, fmt.Sprintf("%v of %v to wallet %s in block %d", tx, amount, wallet, at.Height))
		}
	}
	for _, p := range l.payments {
		add(p.wallet, p.tx, p.amount, p.block)
	}
	for _, j := range l.state.jobs {
		if j.block != (consensus.BlockID{}) {
			add(j.wallet, j.tx, dcrutil.Amount(j.amount), j.block)
		}
	}
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return "Payment " + names[0] + " is not confirmed by stakeholders."
	case n > mostNamed:
		names = append(names[:mostNamed], fmt.Sprintf("%d more", n-mostNamed))
	}
	return "Payments " + strings.Join(names, ", ") + " are not confirmed by stakeholders."
}

// stoppedReport is what the status says while votes cannot be verified.
func stoppedReport(err error) spv.VoteReport {
	return spv.VoteReport{Warnings: []spv.Warning{{
		Code: codeStopped, Text: fmt.Sprintf("Votes are not verified at the moment: %v.", err),
		Hint: "It is tried again. Make room on the disk, or mend the file.",
	}}}
}
