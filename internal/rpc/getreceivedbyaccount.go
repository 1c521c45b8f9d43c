package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getReceivedByAccount() method {
	return method{
		name:    "getreceivedbyaccount",
		reads:   true,
		summary: "Returns what was ever paid to the addresses of an account, spent since or not.",
		params:  []param{accountParam(), minConfParam()},
		result:  "an amount in coins",
		returns: []any{api.Amount(0)},
		example: `["` + exampleAccount + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			account := a.str("account")
			if err := b.knownAccount(account); err != nil {
				return nil, err
			}
			return b.received(ctx, a, func(r *api.Received) bool { return fits(account, r.Account) })
		},
	}
}
