package rpc

import (
	"context"
	"math"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listAddressTransactions() method {
	return method{
		name:    "listaddresstransactions",
		reads:   true,
		summary: "Lists what transactions pay to some addresses, newest first.",
		params: []param{
			{name: "addresses", kind: kindStrings, text: "The addresses."},
			someAccountParam(),
		},
		result:  "an array as listtransactions returns it",
		returns: []any{[]api.ListedTransaction{}},
		example: `[["` + exampleAddress + `"]]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			addresses := a.strings("addresses")
			if err := b.checkAddresses(addresses); err != nil {
				return nil, err
			}
			if err := b.knownAccount(a.str("account")); err != nil {
				return nil, err
			}
			all := listing{account: a.str("account"), addresses: addresses, most: math.MaxInt64, lines: []api.ListedTransaction{}}
			if len(addresses) == 0 {
				return all.lines, nil
			}
			err := b.Wallet.Transactions(ctx, 0, addresses, all.add)
			return all.lines, err
		},
	}
}
