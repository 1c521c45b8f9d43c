package rpc

import "context"

func getAddressesByAccount() method {
	return method{
		name:    "getaddressesbyaccount",
		reads:   true,
		summary: "Returns the addresses of an account that were handed out or used.",
		params:  []param{accountParam()},
		result:  "an array of addresses",
		returns: []any{[]string{}},
		example: `["` + exampleAccount + `"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			addresses, err := b.Wallet.AddressesOf(a.str("account"))
			return append([]string{}, addresses...), err
		},
	}
}
