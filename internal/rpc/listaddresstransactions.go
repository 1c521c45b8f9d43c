package rpc

import (
	"context"

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
			txs, err := b.Wallet.Transactions(ctx, 0)
			if err != nil || len(addresses) == 0 {
				return listed(nil, anyAccount, nil), err
			}
			return listed(txs, a.str("account"), addresses), nil
		},
	}
}
