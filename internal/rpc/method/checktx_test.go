package method

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
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
}
