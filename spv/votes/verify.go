package votes

import (
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/blockchain/stake/v5"
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

// Source gives a Verifier blocks of the main chain.
type Source interface {
	// Block returns the block of the main chain at a height, proven against its
	// header. An error means that it cannot be had now; the end of ctx is one.
	Block(ctx context.Context, height consensus.Height) (*wire.MsgBlock, error)
}

// Checked is one vote and what is wrong with it.
type Checked struct {
	Vote
	Reason Reason
}

// Result is what the votes of a successor say of a block.
type Result struct {
	Block     consensus.BlockID // that is voted on
	Successor consensus.BlockID // that holds the votes

	Approving    int       // verified votes for the regular transactions of the block
	Disapproving int       // verified votes against them
	Votes        []Checked // all votes of the successor, in the order of its stake tree
}

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

// Withheld reports whether a vote could not be judged because the block of its ticket
// could not be fetched.
func (r *Result) Withheld() bool {
	for _, v := range r.Votes {
		if v.Reason == TicketWithheld {
			return true
		}
	}
	return false
}

// Voted reports whether a majority of verified votes approves of the block.
func (r *Result) Voted(p *consensus.Params) bool { return r.Approving >= Majority(p) }

// Verifier checks the votes of blocks of one chain. It remembers which tickets have
// voted in the last 2,048 blocks that it checked, and keeps the stake transactions of
// 64 blocks that tickets were bought in.
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

// VerifyVotes checks the votes for block that its successor holds. Both have to be
// proven against their headers. It fetches the blocks with their tickets; one that the
// source cannot give makes its votes fail with TicketWithheld. An error means that
// nothing was found out: ErrNotSuccessor, or the cause of the end of ctx.
func (v *Verifier) VerifyVotes(ctx context.Context, block, successor *wire.MsgBlock) (*Result, error) {
	r := &Result{Block: idOf(block), Successor: idOf(successor)}
	if successor.Header.PrevBlock != r.Block.Hash || r.Successor.Height != r.Block.Height+1 {
		return nil, fmt.Errorf("verify votes of block %d in block %d: %w", r.Block.Height, r.Successor.Height, ErrNotSuccessor)
	}
	inBlock := make(map[chainhash.Hash]bool)
	var verified []chainhash.Hash
	for _, tx := range successor.STransactions {
		if !isVote(tx) {
			continue
		}
		vote, ok := Parse(tx)
		reason := Malformed
		if ok {
			reason = v.check(ctx, tx, &vote, r, inBlock)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.Votes = append(r.Votes, Checked{vote, reason})
		if reason != Verified {
			continue
		}
		inBlock[vote.Ticket] = true
		verified = append(verified, vote.Ticket)
		if vote.Approves() {
			r.Approving++
		} else {
			r.Disapproving++
		}
	}
	if !r.Withheld() { // otherwise it is checked again
		v.spent.add(r.Successor, verified)
	}
	return r, nil
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
	txs, err := v.ticketsOf(ctx, consensus.Height(vote.TicketHeight))
	if err != nil {
		return TicketWithheld
	}
	if uint64(vote.TicketIndex) >= uint64(len(txs)) || txs[vote.TicketIndex].TxHash() != vote.Ticket {
		return NoSuchTicket
	}
	ticket := txs[vote.TicketIndex]
	if !stake.IsSStx(ticket) {
		return NotATicket
	}
	return checkSpend(tx, vote, ticket.TxOut[0])
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

// ticketsOf returns the stake transactions of a block of the main chain.
func (v *Verifier) ticketsOf(ctx context.Context, h consensus.Height) ([]*wire.MsgTx, error) {
	if txs, ok := v.tickets.get(h); ok {
		return txs, nil
	}
	block, err := v.source.Block(ctx, h)
	if err != nil {
		return nil, err
	}
	v.tickets.put(h, block.STransactions)
	return block.STransactions, nil
}

func idOf(b *wire.MsgBlock) consensus.BlockID {
	return consensus.BlockID{Height: consensus.Height(b.Header.Height), Hash: b.BlockHash()}
}
