package rpc

import "context"

func cancelJob() method {
	return method{
		name:    "canceljob",
		summary: "Gives up a rescan.",
		help: "What it has found stays known, and the wallet is where it would be without it. The search that an import or a " +
			"window that has grown began cannot be given up: balances would be wrong.",
		params:  []param{jobParam()},
		result:  "null",
		returns: []any{nil},
		example: `[2]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return nil, b.Wallet.CancelJob(ctx, a.int("id"))
		},
	}
}
