package rpc

import (
	"context"
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
)

func validateAddress() method {
	return method{
		name:    "validateaddress",
		keys:    true,
		reads:   true,
		summary: "Tells whether a text is an address of this network, and what the wallet knows about it.",
		params:  []param{{name: "address", kind: kindString, text: "The text."}},
		result:  "an object with dcrwallet's fields",
		returns: []any{api.AddressInfo{}},
		example: `["` + exampleAddress + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			address, err := b.address(a, "address")
			if err != nil {
				return api.AddressInfo{}, nil
			}
			info, err := b.Wallet.AddressInfo(ctx, address)
			if errors.Is(err, ErrNoWallet) {
				info, err = api.AddressInfo{Address: address}, nil
			}
			info.IsValid = true
			return info, err
		},
	}
}
