package votes

import (
	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// ticketInput is the input of a vote that spends its ticket; the other one is the
// stakebase.
const ticketInput = 1

// approves is the bit of a vote, and of a header, for the regular transactions of the
// parent block.
const approves = 1

// Vote is what the vote transactions of consensus say (SSGen).
type Vote struct {
	TxID   chainhash.Hash
	On     consensus.BlockID // the block that is voted on
	Bits   uint16            // bit 0 approves of its regular transactions
	Ticket chainhash.Hash

	// Where the ticket stands, as the witness of the vote states it: the height of
	// its block, the position in the stake tree, and its value in atoms.
	TicketHeight uint32
	TicketIndex  uint32
	TicketValue  int64
}

// Approves reports whether the vote is for the regular transactions of the block.
func (v *Vote) Approves() bool { return v.Bits&approves != 0 }

// Parse reads a vote. ok is false if the transaction is none by the rules of package
// stake, which include treasury votes in it.
func Parse(tx *wire.MsgTx) (v Vote, ok bool) {
	if stake.CheckSSGen(tx) != nil {
		return Vote{TxID: tx.TxHash()}, false
	}
	hash, height := stake.SSGenBlockVotedOn(tx)
	in := tx.TxIn[ticketInput]
	return Vote{
		TxID:         tx.TxHash(),
		On:           consensus.BlockID{Hash: hash, Height: consensus.Height(height)},
		Bits:         stake.SSGenVoteBits(tx),
		Ticket:       in.PreviousOutPoint.Hash,
		TicketHeight: in.BlockHeight,
		TicketIndex:  in.BlockIndex,
		TicketValue:  in.ValueIn,
	}, true
}

// isVote reports whether a transaction claims to be a vote: it has a stakebase and
// spends an output of the stake tree besides. Everything that consensus takes for one
// does, and what only looks like one is named in the result instead of left out.
func isVote(tx *wire.MsgTx) bool {
	return len(tx.TxIn) == 2 && stake.IsStakeBase(tx)
}
