package method

import (
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// TestRemovedWithoutLines: a transaction that was taken back is named in removed, also when
// nothing in it pays the wallet or spends from it now; one with lines has just these.
func TestRemovedWithoutLines(t *testing.T) {
	tx := &wallet.Transaction{Hash: [32]byte{42}, Tx: wire.NewMsgTx(), Confirmations: -1}
	tx.Tx.AddTxOut(wire.NewTxOut(5, []byte{0x51}))
	tx.Outputs = []wallet.TxOutput{{Amount: 5}}
	list := removedLines(tx)
	if len(list) != 1 {
		t.Fatalf("it has %d lines", len(list))
	}
	line := list[0].(api.ListedTransaction)
	if line.TxID != tx.Hash.String() || line.Confirmations != -1 || line.Amount != 0 || line.Category != "receive" || line.Purpose != "" {
		t.Errorf("got %+v", line)
	}
	tx.Credits = []wallet.Credit{{Amount: 5}}
	if list := removedLines(tx); len(list) != 1 || list[0].(api.ListedTransaction).Amount != 5 {
		t.Errorf("with a payment: %+v", list)
	}
}
