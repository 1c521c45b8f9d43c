package votes

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// scriptFlags are the rules for scripts that are in force on all networks.
const scriptFlags = txscript.ScriptVerifyCleanStack |
	txscript.ScriptVerifyCheckLockTimeVerify |
	txscript.ScriptVerifyCheckSequenceVerify |
	txscript.ScriptVerifySHA256 |
	txscript.ScriptVerifyTreasury

// Majority is how many of the votes of a block have to be verified and approve for it
// to count as voted: more than half of those that consensus draws for each block.
func Majority(p *consensus.Params) int { return int(p.ChainParams.TicketsPerBlock)/2 + 1 }

// ErrNotSuccessor is returned for two blocks of which the second is not the child of
// the first.
var ErrNotSuccessor = errors.New("block does not follow the one that is voted on")

// Source gives a Verifier the blocks that tickets were bought in.
type Source interface {
	// Tickets returns what NewTicketBlock makes of the block of the main chain at a
	// height, which has to be proven against its header. An error means that it cannot
	// be had now; the end of ctx is one.
	Tickets(ctx context.Context, height consensus.Height) (*TicketBlock, error)
}

// Checked is one vote and what is wrong with it.
type Checked struct {
	Vote
	Reason Reason
}

// Verdict is what the votes of a successor mean for a block.
type Verdict int

// The verdicts.
const (
	// Unknown means that too many tickets could not be fetched to judge.
	Unknown Verdict = iota

	// Voted means that a majority of verified votes approves of the block.
	Voted

	// Disapproved means that a majority of verified votes is against its regular
	// transactions, and that the successor says so too: they are void, and the block
	// has stakeholders behind it all the same.
	Disapproved

	// NotVoted means that there is no such majority, whatever the tickets that could
	// not be fetched are.
	NotVoted

	// NotRequired means that the successor lies below the network's stake validation
	// height: no block needs votes there.
	NotRequired
)

// String returns the verdict in words.
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Voted:
		return "voted"
	case Disapproved:
		return "disapproved"
	case NotVoted:
		return "not voted"
	case NotRequired:
		return "not required"
	}
	return fmt.Sprintf("verdict %d", int(v))
}

// Result is what the votes of a successor say of a block.
type Result struct {
	Block     consensus.BlockID // that is voted on
	Successor consensus.BlockID // that holds the votes

	// Approves is what the header of the successor says about the regular
	// transactions of the block. It has to agree with the majority of the votes.
	Approves bool

	Approving    int       // verified votes for the regular transactions of the block
	Disapproving int       // verified votes against them
	Votes        []Checked // the votes of the successor in the order of its stake tree, ten at most
}

// mostListed is how many votes a Result lists: a forged block may have thousands.
const mostListed = 10

// Failed returns the votes that do not count.
func (r *Result) Failed() []Checked {
	var list []Checked
	for _, v := range r.Votes {
		if v.Reason != Verified {
			list = append(list, v)
		}
	}
	return list
}

// withheld returns how many votes could not be judged, because the blocks of their
// tickets could not be fetched.
func (r *Result) withheld() int {
	n := 0
	for _, v := range r.Votes {
		if v.Reason == TicketWithheld {
			n++
		}
	}
	return n
}

// Withheld reports whether a vote could not be judged because the block of its ticket
// could not be fetched.
func (r *Result) Withheld() bool { return r.withheld() > 0 }

// Verdict returns what the votes mean. Withheld tickets count for neither side: the
// verdict is Unknown only if they could still make a majority.
func (r *Result) Verdict(p *consensus.Params) Verdict {
	most := Majority(p)
	switch {
	case int64(r.Successor.Height) < p.ChainParams.StakeValidationHeight:
		return NotRequired
	case r.Approving >= most && r.Approves:
		return Voted
	case r.Disapproving >= most && !r.Approves:
		return Disapproved
	case r.Approving >= most, r.Disapproving >= most:
		return NotVoted // the header contradicts the votes, which no full node accepts
	}
	agreeing := r.Disapproving
	if r.Approves {
		agreeing = r.Approving
	}
	if agreeing+r.withheld() >= most {
		return Unknown
	}
	return NotVoted
}

// Verifier checks the votes of blocks of one chain. It remembers which tickets have
// voted in the last 2,048 blocks that it checked, and keeps what is needed of the stake
// transactions of 64 blocks that tickets were bought in.
type Verifier struct {
	params  *consensus.Params
	source  Source
	tickets ticketBlocks
	spent   spentTickets
}

// New returns a Verifier that has checked nothing yet.
func New(p *consensus.Params, source Source) *Verifier {
	return &Verifier{params: p, source: source}
}

// Forked forgets what was checked in the blocks from a height on, and the tickets
// bought in them: the main chain has other blocks there now.
func (v *Verifier) Forked(from consensus.Height) {
	v.tickets.drop(from)
	v.spent.drop(from)
}

// Remember takes over the verified votes of a block from a Result of an earlier Verifier:
// their tickets must not vote in other blocks.
func (v *Verifier) Remember(successor consensus.BlockID, tickets []chainhash.Hash) {
	v.spent.add(successor, tickets)
}

// VerifyVotes checks the votes for a block of the main chain that its successor holds,
// which has to be proven against its header. It fetches the blocks with their tickets;
// one that the source cannot give makes its votes fail with TicketWithheld. An error
// means that nothing was found out: ErrNotSuccessor, or the cause of the end of ctx.
func (v *Verifier) VerifyVotes(ctx context.Context, block consensus.BlockID, successor *wire.MsgBlock) (*Result, error) {
	r := &Result{Block: block, Successor: idOf(successor), Approves: successor.Header.VoteBits&approves != 0}
	if successor.Header.PrevBlock != block.Hash || r.Successor.Height != block.Height+1 {
		return nil, fmt.Errorf("verify votes of block %d in block %d: %w", block.Height, r.Successor.Height, ErrNotSuccessor)
	}
	inBlock := make(map[chainhash.Hash]bool)
	for i, tx := range votesOf(successor) {
		vote, ok := Parse(tx)
		reason := Malformed
		switch {
		case i >= int(v.params.ChainParams.TicketsPerBlock):
			reason = TooMany
		case ok:
			reason = v.check(ctx, tx, &vote, r, inBlock)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.Votes = append(r.Votes, Checked{vote, reason})
		if reason == Verified {
			r.count(&vote)
			inBlock[vote.Ticket] = true
		}
	}
	if !r.Withheld() { // otherwise it is checked again
		v.spent.add(r.Successor, r.Tickets())
	}
	return r, nil
}

// votesOf returns the transactions of a block that claim to be votes, mostListed at most.
func votesOf(b *wire.MsgBlock) []*wire.MsgTx {
	var list []*wire.MsgTx
	for _, tx := range b.STransactions {
		if isVote(tx) && len(list) < mostListed {
			list = append(list, tx)
		}
	}
	return list
}

// Needs returns the heights of the blocks that VerifyVotes would ask the source for, each
// once: those of tickets that could be live and are not kept. They are as many as the
// votes of a block, five, at most.
func (v *Verifier) Needs(block consensus.BlockID, successor *wire.MsgBlock) []consensus.Height {
	var list []consensus.Height
	for i, tx := range votesOf(successor) {
		vote, ok := Parse(tx)
		h := consensus.Height(vote.TicketHeight)
		if !ok || i >= int(v.params.ChainParams.TicketsPerBlock) || vote.On != block || v.checkAge(&vote, block.Height+1) != Verified ||
			slices.Contains(list, h) {
			continue
		}
		if _, kept := v.tickets.get(h); !kept {
			list = append(list, h)
		}
	}
	return list
}

// count adds a verified vote.
func (r *Result) count(vote *Vote) {
	if vote.Approves() {
		r.Approving++
	} else {
		r.Disapproving++
	}
}

// Tickets returns the tickets whose votes are verified.
func (r *Result) Tickets() []chainhash.Hash {
	var list []chainhash.Hash
	for _, v := range r.Votes {
		if v.Reason == Verified {
			list = append(list, v.Ticket)
		}
	}
	return list
}

// check returns what is wrong with a vote. Only votes that were verified use up their
// ticket: a forged copy cannot make the real one fail.
func (v *Verifier) check(ctx context.Context, tx *wire.MsgTx, vote *Vote, r *Result, inBlock map[chainhash.Hash]bool) Reason {
	switch {
	case vote.On != r.Block:
		return WrongParent
	case inBlock[vote.Ticket]:
		return TwiceInBlock
	case v.spent.votedElsewhere(vote.Ticket, r.Successor):
		return AlreadyVoted
	}
	if reason := v.checkAge(vote, r.Successor.Height); reason != Verified {
		return reason
	}
	b, err := v.ticketsOf(ctx, consensus.Height(vote.TicketHeight))
	if err != nil {
		return TicketWithheld
	}
	list := b.txs
	if uint64(vote.TicketIndex) >= uint64(len(list)) || list[vote.TicketIndex].hash != vote.Ticket {
		return NoSuchTicket
	}
	t := &list[vote.TicketIndex]
	if !t.ticket {
		return NotATicket
	}
	return checkSpend(tx, vote, &t.out)
}

// checkAge checks that a ticket bought at the stated height is live when its vote is in
// the block at a height. Tickets become live TicketMaturity blocks after their own one
// and are drawn from then on; TicketExpiry blocks later the ones left are dropped; a
// vote stands in the block after the draw (dcrd, connectNode in blockchain/stake).
func (v *Verifier) checkAge(vote *Vote, at consensus.Height) Reason {
	if vote.TicketHeight >= uint32(at) {
		return ImpossiblePlace
	}
	age := int64(at) - int64(vote.TicketHeight)
	switch maturity := int64(v.params.ChainParams.TicketMaturity); {
	case age <= maturity:
		return Immature
	case age > maturity+int64(v.params.ChainParams.TicketExpiry):
		return Expired
	}
	return Verified
}

// checkSpend checks the input of a vote against the output of its ticket.
func checkSpend(tx *wire.MsgTx, vote *Vote, out *wire.TxOut) Reason {
	switch {
	case vote.TicketValue != out.Value:
		return WrongValue
	case out.Version != 0:
		return ScriptVersion
	}
	engine, err := txscript.NewEngine(out.PkScript, tx, ticketInput, scriptFlags, out.Version, nil)
	if err != nil || engine.Execute() != nil {
		return BadSignature
	}
	return Verified
}

// ticketsOf returns what is needed of the block of the main chain at a height.
func (v *Verifier) ticketsOf(ctx context.Context, h consensus.Height) (*TicketBlock, error) {
	if b, ok := v.tickets.get(h); ok {
		return b, nil
	}
	b, err := v.source.Tickets(ctx, h)
	if err != nil {
		return nil, err
	}
	v.tickets.put(h, b)
	return b, nil
}

func idOf(b *wire.MsgBlock) consensus.BlockID {
	return consensus.BlockID{Height: consensus.Height(b.Header.Height), Hash: b.BlockHash()}
}
