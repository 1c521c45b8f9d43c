package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listAccounts() method {
	return method{
		name:    "listaccounts",
		reads:   true,
		summary: "Returns the accounts with what each can spend.",
		params:  []param{minConfParam()},
		result:  "an object with an amount in coins for each account",
		returns: []any{map[string]api.Amount{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			all, err := b.balanceOf(ctx, a, anyAccount)
			if err != nil {
				return nil, err
			}
			spendable := make(map[string]api.Amount, len(all.Balances))
			for _, balance := range all.Balances {
				spendable[balance.AccountName] = balance.Spendable
			}
			return spendable, nil
		},
	}
}
