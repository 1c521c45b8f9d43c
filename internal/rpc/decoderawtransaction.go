package rpc

import (
	"bytes"
	"context"

	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

func decodeRawTransaction() method {
	return method{
		name:    "decoderawtransaction",
		reads:   true,
		summary: "Spells out a serialized transaction.",
		params:  []param{{name: "hextx", kind: kindString, text: "The transaction in hex."}},
		result:  "the transaction as dcrd shows it",
		returns: []any{types.TxRawDecodeResult{}},
		example: `["` + exampleRawTx + `"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			raw, err := a.bytes("hextx")
			if err != nil {
				return nil, err
			}
			var tx wire.MsgTx
			r := bytes.NewReader(raw)
			if err := tx.Deserialize(r); err != nil || r.Len() > 0 || len(tx.TxIn) == 0 {
				return nil, fail(api.CodeHex, "parameter hextx is not a transaction")
			}
			return types.TxRawDecodeResult{
				Txid:     tx.TxHash().String(),
				Version:  int32(tx.Version),
				Locktime: tx.LockTime,
				Expiry:   tx.Expiry,
				Vin:      verboseInputs(&tx),
				Vout:     verboseOutputs(&tx, b.params),
			}, nil
		},
	}
}
