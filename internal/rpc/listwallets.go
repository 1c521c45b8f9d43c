package rpc

import "context"

func listWallets() method {
	return method{
		name:    "listwallets",
		reads:   true,
		summary: "Lists the wallets that are loaded.",
		help:    "The wallet default comes with the first import. See listwalletdir for those that are not loaded.",
		result:  "an array with their names",
		returns: []any{[]string{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			dir, err := b.Wallets.List()
			names := []string{}
			for _, w := range dir.Wallets {
				if w.Loaded {
					names = append(names, w.Name)
				}
			}
			return names, err
		},
	}
}
