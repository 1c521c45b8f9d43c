package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listLockUnspent() method {
	return method{
		name:    "listlockunspent",
		reads:   true,
		summary: "Lists the outputs that are marked as not to be spent.",
		params:  []param{someAccountParam()},
		result:  "an array with an object for each output",
		returns: []any{[]api.OutPoint{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			account := a.str("account")
			if err := b.knownAccount(account); err != nil {
				return nil, err
			}
			outputs, err := b.Wallet.Locked(ctx)
			list := []api.OutPoint{}
			for _, o := range outputs {
				if fits(account, o.Account) {
					list = append(list, o)
				}
			}
			return list, err
		},
	}
}
