package rpc

import "context"

func getRawChangeAddress() method {
	return method{
		name:    "getrawchangeaddress",
		summary: "Hands out the next unused change address of an account.",
		params: []param{
			{name: "account", kind: kindString, optional: true, def: exampleAccount, text: "The name of the account."},
		},
		result:  "the address",
		returns: []any{""},
		example: `["` + exampleAccount + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return b.Wallet.NewAddress(ctx, a.str("account"), internal, true)
		},
	}
}
