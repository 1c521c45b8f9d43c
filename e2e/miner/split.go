package miner

import "github.com/decred/dcrd/wire"

// A new chain has few coins, and each ticket and payment of a block needs one
// of its own, so the first rewards are split.
const (
	splitInto   = 100       // coins made at once
	splitAmount = 1_000_000 // of these atoms each
	enoughCoins = 300       // no split while so many can be spent
)

// feeRate is what transactions pay, in atoms per byte: twice what nodes demand.
const feeRate = 20

// signedInput is how many bytes a signature adds to an input, at most.
const signedInput = 110

// split returns a transaction that makes one coin many, or nil if there are
// enough of them or none is large enough.
func (l *ledger) split() (*wire.MsgTx, error) {
	count := 0
	for range l.spendable {
		if count++; count >= enoughCoins {
			return nil, nil
		}
	}
	from := l.pick(2 * splitInto * splitAmount)
	if from == nil {
		return nil, nil
	}
	tx := wire.NewMsgTx()
	for range splitInto {
		tx.AddTxOut(wire.NewTxOut(splitAmount, l.purse.pay))
	}
	return tx, l.fund(tx, from)
}

// fund has a transaction spend a coin, adds an output for the change, and signs
// it.
func (l *ledger) fund(tx *wire.MsgTx, from *coin) error {
	tx.AddTxIn(wire.NewTxIn(&from.op, from.amount, nil))
	rest := wire.NewTxOut(from.amount, l.purse.pay)
	for _, out := range tx.TxOut {
		rest.Value -= out.Value
	}
	tx.AddTxOut(rest)
	rest.Value -= int64(tx.SerializeSize()+signedInput) * feeRate
	return l.purse.sign(tx, 0, from.script)
}
