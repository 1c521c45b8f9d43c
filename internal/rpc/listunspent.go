package rpc

import (
	"context"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

// maxConfirmations is dcrwallet's default for no limit.
const maxConfirmations int64 = 9999999

func listUnspent() method {
	return method{
		name:    "listunspent",
		reads:   true,
		summary: "Lists the outputs that can be spent with the keys to them.",
		help:    "Outputs that are immature or locked are left out.",
		params: []param{
			minConfParam(),
			{name: "maxconf", kind: kindInt, optional: true, def: maxConfirmations, text: "The most confirmations."},
			{name: "addresses", kind: kindStrings, optional: true, def: []string(nil), text: "The addresses; without any, all."},
			someAccountParam(),
		},
		result:  "an array with an object for each output",
		returns: []any{[]api.Unspent{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			minConf, err := a.count("minconf")
			if err != nil {
				return nil, err
			}
			maxConf, err := a.count("maxconf")
			if err != nil {
				return nil, err
			}
			account, addresses := a.str("account"), a.strings("addresses")
			if err := b.checkAddresses(addresses); err != nil {
				return nil, err
			}
			if err := b.knownAccount(account); err != nil {
				return nil, err
			}
			all, err := b.Wallet.Unspent(ctx, minConf, maxConf)
			if err != nil {
				return nil, err
			}
			chosen := []api.Unspent{}
			for _, o := range all {
				if fits(account, o.Account) && (len(addresses) == 0 || slices.Contains(addresses, o.Address)) {
					chosen = append(chosen, o)
				}
			}
			return chosen, nil
		},
	}
}
