package miner

import (
	"fmt"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// approve is the vote bit that accepts the transactions of the block voted on.
const approve = 0x0001

// Ballot says how the tickets that the lottery picks vote for one block. The zero
// value has them all approve.
type Ballot struct {
	// Disapprove makes the regular transactions of the block void.
	Disapprove bool

	// Withhold names tickets that do not vote, so that the next block revokes
	// them. The node waits seconds for their votes.
	Withhold func(ticket chainhash.Hash) bool

	// Spends are the treasury spends that the tickets vote for, seven at most. A
	// vote counts in the blocks of a spend's voting window only (DCP0006).
	Spends []chainhash.Hash
}

// bits returns the vote bits.
func (b *Ballot) bits() uint16 {
	if b.Disapprove {
		return 0
	}
	return approve
}

// withholds reports whether a ticket does not vote.
func (b *Ballot) withholds(ticket chainhash.Hash) bool {
	return b.Withhold != nil && b.Withhold(ticket)
}

// vote returns the transaction with which a ticket votes for the last block. It
// pays the ticket's price and the reward to those who paid for the ticket.
func (l *ledger) vote(ticket *coin, b *Ballot, subsidies *standalone.SubsidyCache) (*wire.MsgTx, error) {
	block, err := txscript.GenerateSSGenBlockRef(l.tip(), uint32(l.height()))
	if err != nil {
		return nil, fmt.Errorf("vote for block %v: %w", l.tip(), err)
	}
	votes, err := txscript.GenerateSSGenVotes(b.bits())
	if err != nil {
		return nil, fmt.Errorf("vote for block %v: %w", l.tip(), err)
	}
	reward := subsidies.CalcStakeVoteSubsidyV3(l.height(), standalone.SSVDCP0012)

	tx := wire.NewMsgTx()
	base := wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex, wire.TxTreeRegular)
	tx.AddTxIn(wire.NewTxIn(base, reward, l.params.StakeBaseSigScript))
	tx.AddTxIn(wire.NewTxIn(&ticket.op, ticket.amount, nil))
	tx.AddTxOut(wire.NewTxOut(0, block))
	tx.AddTxOut(wire.NewTxOut(0, votes))
	if err := l.payCommitments(tx, ticket, reward); err != nil {
		return nil, fmt.Errorf("vote with ticket %v: %w", ticket.op.Hash, err)
	}
	if len(b.Spends) > 0 {
		tx.Version = wire.TxVersionTreasury
		tx.AddTxOut(wire.NewTxOut(0, treasuryVotes(b.Spends)))
	}
	return tx, l.purse.sign(tx, 1, ticket.script)
}

// treasuryVotes returns the script of the last output of a vote for treasury
// spends: OP_RETURN, and in one push the letters TV and each hash with what is
// voted on it.
func treasuryVotes(spends []chainhash.Hash) []byte {
	data := []byte("TV")
	for _, hash := range spends {
		data = append(append(data, hash[:]...), byte(stake.TreasuryVoteYes))
	}
	script := []byte{txscript.OP_RETURN}
	if len(data) > txscript.OP_DATA_75 {
		script = append(script, txscript.OP_PUSHDATA1)
	}
	return append(append(script, byte(len(data))), data...)
}

// payCommitments adds the outputs of a vote that a ticket commits to.
func (l *ledger) payCommitments(vote *wire.MsgTx, ticket *coin, reward int64) error {
	var amounts []int64
	var scripts [][]byte
	for i := 1; i < len(ticket.ticket.TxOut); i += 2 {
		commitment := ticket.ticket.TxOut[i].PkScript
		amount, err := stake.AmountFromSStxPkScrCommitment(commitment)
		if err != nil {
			return err
		}
		addr, err := stake.AddrFromSStxPkScrCommitment(commitment, l.params)
		if err != nil {
			return err
		}
		_, script := addr.PayVoteCommitmentScript()
		amounts, scripts = append(amounts, int64(amount)), append(scripts, script)
	}
	for i, amount := range stake.CalculateRewards(amounts, ticket.amount, reward) {
		vote.AddTxOut(wire.NewTxOut(amount, scripts[i]))
	}
	return nil
}
