package consensus

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/wire"
)

// TestTransactionsAreChecked names the block and the transaction.
func TestTransactionsAreChecked(t *testing.T) {
	good, bad := wire.NewMsgTx(), wire.NewMsgTx()
	for _, tx := range []*wire.MsgTx{good, bad} {
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{1}}, 0, nil))
		tx.AddTxOut(wire.NewTxOut(5, []byte{0x51}))
	}
	bad.TxOut[0].Value = -5
	id := BlockID{Height: 7}
	if err := CheckTransactions(SimNet(), id, &wire.MsgBlock{Transactions: []*wire.MsgTx{good}}); err != nil {
		t.Error(err)
	}
	var invalid *InvalidBlock
	err := CheckTransactions(SimNet(), id, &wire.MsgBlock{STransactions: []*wire.MsgTx{good, bad}})
	if !errors.As(err, &invalid) || invalid.Block != id || invalid.Tx != bad.TxHash() {
		t.Errorf("got %v", err)
	}
}
