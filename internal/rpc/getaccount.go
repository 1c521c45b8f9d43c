package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getAccount() method {
	return method{
		name:    "getaccount",
		reads:   true,
		summary: "Returns the account of a watched address.",
		params:  []param{{name: "address", kind: kindString, text: "The address."}},
		result:  "the name of the account",
		returns: []any{""},
		example: `["` + exampleAddress + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			info, err := b.ownAddress(ctx, a)
			return info.Account, err
		},
	}
}

// ownAddress returns what is known about the parameter address, which has to be
// watched.
func (b *backend) ownAddress(ctx context.Context, a args) (api.AddressInfo, error) {
	address, err := b.address(a, "address")
	if err != nil {
		return api.AddressInfo{}, err
	}
	info, err := b.Wallet.AddressInfo(ctx, address)
	if err == nil && !info.IsMine {
		err = fail(api.CodeNotFound, "address %s is not watched", address)
	}
	return info, err
}
