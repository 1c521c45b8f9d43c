package txcheck

import (
	"encoding/hex"
	"fmt"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/internal/rpc/api"
)

// Outputs are outputs of transactions, by outpoints without a tree.
type Outputs map[wire.OutPoint]*wire.TxOut

// PreviousOutputs returns the outputs of transactions in hex.
func PreviousOutputs(texts []string) (Outputs, error) {
	outputs := make(Outputs)
	for i, text := range texts {
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, &api.Error{Code: api.CodeHex, Message: fmt.Sprintf("number %d of the previous transactions is not hex", i+1)}
		}
		tx, err := parse.Tx(raw)
		if err != nil {
			return nil, &api.Error{Code: api.CodeHex, Message: fmt.Sprintf("number %d of the previous transactions is not a transaction", i+1)}
		}
		hash := tx.TxHash()
		for k, out := range tx.TxOut {
			outputs[wire.OutPoint{Hash: hash, Index: uint32(k)}] = out
		}
	}
	return outputs, nil
}

// Of returns the output that an input spends, nil if it is not known.
func (o Outputs) Of(in *wire.TxIn) *wire.TxOut { return o[bare(in.PreviousOutPoint)] }

// Add records the output that an input spends.
func (o Outputs) Add(in *wire.TxIn, out *wire.TxOut) { o[bare(in.PreviousOutPoint)] = out }

// Complete reports whether all outputs that a transaction spends are known.
func (o Outputs) Complete(tx *wire.MsgTx) bool {
	for _, in := range tx.TxIn {
		if o.Of(in) == nil {
			return false
		}
	}
	return true
}

// bare returns an outpoint without its tree.
func bare(op wire.OutPoint) wire.OutPoint { return wire.OutPoint{Hash: op.Hash, Index: op.Index} }

// Address returns the address that an output pays, empty if there is none, or several.
func Address(params *chaincfg.Params, out *wire.TxOut) string {
	_, addrs := stdscript.ExtractAddrs(out.Version, out.PkScript, params)
	if len(addrs) != 1 {
		return ""
	}
	return addrs[0].String()
}
