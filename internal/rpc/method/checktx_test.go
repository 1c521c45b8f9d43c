package method

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/consensus"
)

// TestCheckIsBounded: a client that may only read cannot have signatures verified for minutes.
func TestCheckIsBounded(t *testing.T) {
	large := wire.NewMsgTx()
	for i := range 2000 {
		large.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{1}, Index: uint32(i)}, 1, nil))
	}
	raw, err := large.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	params, err := json.Marshal([]string{hex.EncodeToString(raw)})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRegistry(Core{Params: consensus.MainNet()})
	_, err = r.Call(t.Context(), &Caller{}, r.Find("checktransaction"), params)
	var refused *api.Error
	if !errors.As(err, &refused) || refused.Code != api.CodeRejected || !strings.Contains(refused.Message, "nodes relay at most 100000") {
		t.Errorf("a large transaction: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	small := wire.NewMsgTx()
	small.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{1}}, 1, []byte{txscript.OP_TRUE}))
	k := checking{Call: &Call{Core: &r.Core}, tx: small, previous: map[wire.OutPoint]*wire.TxOut{}}
	if err := k.inputs(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that has gone away: %v", err)
	}
}

// TestPreviousTransactions finds outputs by the hashes of the transactions, whatever else is said
// of them.
func TestPreviousTransactions(t *testing.T) {
	paid := tx(1, []wire.OutPoint{{Hash: chainhash.Hash{7}}}, nil, bytes.Repeat([]byte{txscript.OP_NOP}, 3), []byte{txscript.OP_TRUE})
	raw, err := paid.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := previousOutputs([]string{hex.EncodeToString(raw)})
	if err != nil || len(outputs) != 2 || !bytes.Equal(outputs[wire.OutPoint{Hash: paid.TxHash(), Index: 1}].PkScript, []byte{txscript.OP_TRUE}) {
		t.Errorf("%v, %v", outputs, err)
	}
	for _, bad := range []string{"zz", "00", hex.EncodeToString(raw) + "00"} {
		if _, err := previousOutputs([]string{bad}); err == nil {
			t.Errorf("%s is a transaction", bad)
		}
	}
}
