package rpc

import "context"

func abandonTransaction() method {
	return method{
		name:    "abandontransaction",
		summary: "Forgets a transaction that was never mined, and those that spend its outputs.",
		params:  []param{{name: "hash", kind: kindHash, text: "The hash of the transaction."}},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleTx + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return nil, b.Wallet.Abandon(ctx, a.hash("hash"))
		},
	}
}
