package rpc

import (
	"context"

	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
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
			tx, err := a.transaction("hextx")
			if err != nil {
				return nil, err
			}
			return types.TxRawDecodeResult{
				Txid:     tx.TxHash().String(),
				Version:  int32(tx.Version),
				Locktime: tx.LockTime,
				Expiry:   tx.Expiry,
				Vin:      verboseInputs(tx),
				Vout:     verboseOutputs(tx, b.params),
			}, nil
		},
	}
}
