package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getReceivedByAddress() method {
	return method{
		name:    "getreceivedbyaddress",
		reads:   true,
		summary: "Returns what was ever paid to a watched address, spent since or not.",
		params:  []param{{name: "address", kind: kindString, text: "The address."}, minConfParam()},
		result:  "an amount in coins",
		returns: []any{api.Amount(0)},
		example: `["` + exampleAddress + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			info, err := b.ownAddress(ctx, a)
			if err != nil {
				return nil, err
			}
			return b.received(ctx, a, func(r *api.Received) bool { return r.Address == info.Address })
		},
	}
}

// received adds up what was paid to the addresses chosen.
func (b *backend) received(ctx context.Context, a args, chosen func(*api.Received) bool) (api.Amount, error) {
	minConf, err := a.count("minconf")
	if err != nil {
		return 0, err
	}
	list, err := b.Wallet.Received(ctx, minConf)
	var sum api.Amount
	for i := range list {
		if chosen(&list[i]) {
			sum += list[i].Amount
		}
	}
	return sum, err
}
