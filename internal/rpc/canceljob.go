package rpc

import "context"

func cancelJob() method {
	return method{
		name:    "canceljob",
		summary: "Gives up a rescan.",
		help: "The wallet is where it would be without it. Birthdays that the rescan had lowered are again what they were, and what " +
			"it found below them no longer counts, because how that was spent may not have been found yet; what else it has found stays " +
			"known. The search that an import or a window that has grown began cannot be given up: balances would be wrong.",
		params:  []param{jobParam()},
		result:  "null",
		returns: []any{nil},
		example: `[2]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return nil, b.Wallet.CancelJob(ctx, a.int("id"))
		},
	}
}
