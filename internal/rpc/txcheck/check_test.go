package txcheck

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

// paying returns a transaction that spends an output and pays an amount to a script.
func paying(op wire.OutPoint, amount int64, script []byte) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&op, wire.NullValueIn, []byte{txscript.OP_TRUE}))
	tx.AddTxOut(wire.NewTxOut(amount, script))
	return tx
}

// TestClientGoneAway: signatures are verified for no longer than a client waits.
func TestClientGoneAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := Request{Params: chaincfg.SimNetParams(), Tx: paying(wire.OutPoint{Hash: chainhash.Hash{1}}, 1e8, []byte{txscript.OP_TRUE})}
	if _, err := Check(ctx, &r); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that has gone away: %v", err)
	}
}

// TestTooLarge: a large transaction is refused before a signature of it is verified.
func TestTooLarge(t *testing.T) {
	r := Request{Params: chaincfg.SimNetParams(), Tx: paying(wire.OutPoint{}, 1e8, make([]byte, 100_000))}
	var refused *api.Error
	if _, err := Check(t.Context(), &r); !errors.As(err, &refused) || refused.Code != api.CodeRejected {
		t.Errorf("a large transaction: %v", err)
	}
}

// TestExpiryNeedsAHeight compares the expiry with the next block, if that is known.
func TestExpiryNeedsAHeight(t *testing.T) {
	tx := paying(wire.OutPoint{Hash: chainhash.Hash{1}}, 1e8, []byte{txscript.OP_TRUE})
	tx.Expiry = 100
	for next, expired := range map[int64]bool{0: false, 99: false, 100: true, 101: true} {
		checked, err := Check(t.Context(), &Request{Params: chaincfg.SimNetParams(), Tx: tx, Next: next})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(checked.Problems, "\n"), "it has expired"); got != expired {
			t.Errorf("next block %d: %q", next, checked.Problems)
		}
	}
}

// TestPreviousOutputs finds outputs by the hashes of the transactions, whatever else is said of
// them.
func TestPreviousOutputs(t *testing.T) {
	paid := paying(wire.OutPoint{Hash: chainhash.Hash{7}}, 1e8, bytes.Repeat([]byte{txscript.OP_NOP}, 3))
	paid.AddTxOut(wire.NewTxOut(2e8, []byte{txscript.OP_TRUE}))
	raw, err := paid.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := PreviousOutputs([]string{hex.EncodeToString(raw)})
	if err != nil || len(outputs) != 2 || !bytes.Equal(outputs[wire.OutPoint{Hash: paid.TxHash(), Index: 1}].PkScript, []byte{txscript.OP_TRUE}) {
		t.Errorf("%v, %v", outputs, err)
	}
	for tree := range int8(2) {
		spend := paying(wire.OutPoint{Hash: paid.TxHash(), Index: 1, Tree: tree}, 1e8, nil)
		if !outputs.Complete(spend) || outputs.Of(spend.TxIn[0]).Value != 2e8 {
			t.Errorf("tree %d: the output that is spent is not found", tree)
		}
	}
	if outputs.Complete(paying(wire.OutPoint{Hash: paid.TxHash(), Index: 2}, 1e8, nil)) {
		t.Error("an output that there is not is found")
	}
	for _, bad := range []string{"zz", "00", hex.EncodeToString(raw) + "00"} {
		if _, err := PreviousOutputs([]string{bad}); err == nil {
			t.Errorf("%s is a transaction", bad)
		}
	}
}
