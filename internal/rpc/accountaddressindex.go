package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func accountAddressIndex() method {
	return method{
		name:    "accountaddressindex",
		reads:   true,
		summary: "Returns the index of the address of a branch that is handed out next.",
		help:    "It is one more than that of the last one that was handed out or used, as in dcrwallet.",
		params: []param{
			accountParam(),
			{name: "branch", kind: kindInt, text: "0 for addresses given to others, 1 for change."},
		},
		result:  "the index, 0 while there is none before it",
		returns: []any{uint32(0)},
		example: `["` + exampleAccount + `",0]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			branch := a.int("branch")
			if branch != int64(external) && branch != int64(internal) {
				return nil, fail(api.CodeInvalid, "branch is %d, not 0 or 1", branch)
			}
			return b.Wallet.NextIndex(a.str("account"), uint32(branch))
		},
	}
}
