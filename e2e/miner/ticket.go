package miner

import (
	"github.com/decred/dcrd/wire"
)

// The fees that a ticket allows its vote and its revocation to pay, as base-two
// logarithms plus one in atoms: none for the vote, 2^24 for the revocation.
const (
	voteFeeLimit   = 0
	revokeFeeLimit = 1 << 24
)

// ticketFee is what a ticket pays for its place in a block, in atoms.
const ticketFee = 400 * feeRate

// buy returns a transaction that buys a ticket at a price in atoms, or nil if
// no coin is large enough. Its outputs are those of a stake submission with one
// contributor: the ticket, the commitment to whom the vote pays, the change.
func (l *ledger) buy(price int64) (*wire.MsgTx, error) {
	from := l.pick(price + ticketFee + spareAmount)
	if from == nil {
		return nil, nil
	}
	paid := price + ticketFee
	_, commitment := l.purse.addr.RewardCommitmentScript(paid, voteFeeLimit, revokeFeeLimit)
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&from.op, from.amount, nil))
	tx.AddTxOut(wire.NewTxOut(price, l.purse.voting))
	tx.AddTxOut(wire.NewTxOut(0, commitment))
	tx.AddTxOut(wire.NewTxOut(from.amount-paid, l.purse.change))
	return tx, l.purse.sign(tx, 0, from.script)
}
