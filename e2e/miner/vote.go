package miner

import (
	"fmt"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// approve is the vote bit that accepts the transactions of the block voted on.
const approve = 0x0001

// vote returns the transaction with which a ticket votes for the last block. It
// pays the ticket's price and the reward to the ticket's one contributor.
func (l *ledger) vote(ticket *coin, subsidies *standalone.SubsidyCache) (*wire.MsgTx, error) {
	block, err := txscript.GenerateSSGenBlockRef(l.tip(), uint32(l.height()))
	if err != nil {
		return nil, fmt.Errorf("vote for block %v: %w", l.tip(), err)
	}
	bits, err := txscript.GenerateSSGenVotes(approve)
	if err != nil {
		return nil, fmt.Errorf("vote for block %v: %w", l.tip(), err)
	}
	reward := subsidies.CalcStakeVoteSubsidyV3(l.height(), standalone.SSVDCP0012)

	tx := wire.NewMsgTx()
	base := wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex, wire.TxTreeRegular)
	tx.AddTxIn(wire.NewTxIn(base, reward, l.params.StakeBaseSigScript))
	tx.AddTxIn(wire.NewTxIn(&ticket.op, ticket.amount, nil))
	tx.AddTxOut(wire.NewTxOut(0, block))
	tx.AddTxOut(wire.NewTxOut(0, bits))
	tx.AddTxOut(wire.NewTxOut(ticket.amount+reward, l.purse.reward))
	return tx, l.purse.sign(tx, 1, ticket.script)
}
