package consensus

import (
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// InvalidBlock says that a block with right work, votes and merkle roots holds a
// transaction that no full node accepts. It is an error.
type InvalidBlock struct {
	Block  BlockID
	Tx     chainhash.Hash
	Reason error
}

// Error names the block, the transaction and the rule that it breaks.
func (e *InvalidBlock) Error() string {
	return fmt.Sprintf("block %d (%v) is invalid: transaction %v: %v", e.Block.Height, e.Block.Hash, e.Tx, e.Reason)
}

// Unwrap returns the rule that is broken.
func (e *InvalidBlock) Unwrap() error { return e.Reason }

// Reasons why a block is invalid.
var (
	errFirstCoinbase = errors.New("the first transaction of a block has to be its coinbase, and no other one may make coins")
	errExpired       = errors.New("it had expired before the block")
	errNotFinal      = errors.New("its lock time is at the block or after it")
	errTwice         = errors.New("it is in the block twice")
	errSpentInBlock  = errors.New("it spends what another transaction of the block spends")
	errStakeTree     = errors.New("it is of the stake tree, among the regular transactions")
	errRegularTree   = errors.New("it is a regular transaction, in the stake tree")
)

// CheckTransactions checks the transactions of a block, which CheckBlock has accepted, by the
// rules that have always held and need nothing but the block: each transaction by itself
// (dcrd: CheckTransactionSanity), its expiry and lock time, where coins are made, that it is in
// the tree of its kind (both dcrd: checkBlockContext), and that nothing is there or spent twice.
// It is pure and may run on any goroutine. The error is an [*InvalidBlock].
func CheckTransactions(p *Params, id BlockID, b *wire.MsgBlock) error {
	if id.Height == 0 {
		return nil
	}
	seen, spent := make(map[chainhash.Hash]bool), make(map[wire.OutPoint]bool)
	for i, tx := range slices.Concat(b.Transactions, b.STransactions) {
		hash := tx.TxHash()
		err := standalone.CheckTransactionSanity(tx, uint64(p.ChainParams.MaxTxSize))
		if err == nil {
			err = checkPlace(tx, id.Height, b.Header.Timestamp.Unix(), i == 0, i < len(b.Transactions))
		}
		if err == nil && seen[hash] {
			err = errTwice
		}
		if err == nil && spendsTwice(tx, spent) {
			err = errSpentInBlock
		}
		if err != nil {
			return &InvalidBlock{Block: id, Tx: hash, Reason: err}
		}
		seen[hash] = true
	}
	return nil
}

// checkPlace checks whether a transaction may be in a block of a height and a time in Unix seconds,
// as the first one or another one, in the regular tree or the stake tree.
func checkPlace(tx *wire.MsgTx, height Height, time int64, first, regular bool) error {
	coinbase := standalone.IsCoinBaseTx(tx, false) || standalone.IsCoinBaseTx(tx, true)
	ordinary := stake.DetermineTxType(tx) == stake.TxTypeRegular
	makes := regular && slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return isNull(&in.PreviousOutPoint) })
	switch {
	case first != (regular && coinbase), makes && !first:
		return errFirstCoinbase
	case regular && !ordinary: // dcrd: ErrStakeTxInRegularTree
		return errStakeTree
	case !regular && ordinary: // dcrd: ErrRegTxInStakeTree
		return errRegularTree
	case tx.Expiry != wire.NoExpiryValue && int64(height) >= int64(tx.Expiry):
		return errExpired
	case !isFinal(tx, height, time):
		return errNotFinal
	}
	return nil
}

// isFinal reports whether the lock time of a transaction allows it in a block of a height and a
// time in Unix seconds (dcrd: IsFinalizedTransaction). Since DCP0003 the median time of the blocks
// before counts, which is earlier than that of the block: what this refuses was never allowed.
func isFinal(tx *wire.MsgTx, height Height, time int64) bool {
	at := int64(height)
	if tx.LockTime >= txscript.LockTimeThreshold {
		at = time
	}
	if tx.LockTime == 0 || int64(tx.LockTime) < at {
		return true
	}
	return !slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.Sequence != wire.MaxTxInSequenceNum })
}

// spendsTwice records what a transaction spends, and reports whether some of it was recorded
// before.
func spendsTwice(tx *wire.MsgTx, spent map[wire.OutPoint]bool) bool {
	for _, in := range tx.TxIn {
		if isNull(&in.PreviousOutPoint) {
			continue
		}
		op := wire.OutPoint{Hash: in.PreviousOutPoint.Hash, Index: in.PreviousOutPoint.Index}
		if spent[op] {
			return true
		}
		spent[op] = true
	}
	return false
}

// isNull reports whether an input spends nothing, as where coins are made.
func isNull(op *wire.OutPoint) bool {
	return op.Index == wire.MaxPrevOutIndex && op.Hash == chainhash.Hash{}
}
