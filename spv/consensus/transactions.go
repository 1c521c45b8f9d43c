package consensus

import (
	"fmt"
	"slices"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
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

// CheckTransactions checks the transactions of a block, which CheckBlock has accepted,
// by the rules that need nothing but a transaction (dcrd: CheckTransactionSanity). It
// is pure and may run on any goroutine. The error is an [*InvalidBlock].
func CheckTransactions(p *Params, id BlockID, b *wire.MsgBlock) error {
	if id.Height == 0 {
		return nil
	}
	for _, tx := range slices.Concat(b.Transactions, b.STransactions) {
		if err := standalone.CheckTransactionSanity(tx, uint64(p.ChainParams.MaxTxSize)); err != nil {
			return &InvalidBlock{Block: id, Tx: tx.TxHash(), Reason: err}
		}
	}
	return nil
}
