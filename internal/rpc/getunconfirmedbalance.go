package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getUnconfirmedBalance() method {
	return method{
		name:    "getunconfirmedbalance",
		reads:   true,
		summary: "Returns what an account has with too few confirmations to count.",
		params: []param{
			{name: "account", kind: kindString, optional: true, def: anyAccount, text: "The account; * is all of them."},
			minConfParam(),
		},
		result:  "an amount in coins; it is negative while the account is spending",
		returns: []any{api.Amount(0)},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			balance, err := b.balanceOf(ctx, a, a.str("account"))
			if err != nil {
				return nil, err
			}
			return balance.TotalUnconfirmed, nil
		},
	}
}
