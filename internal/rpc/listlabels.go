package rpc

import "context"

func listLabels() method {
	return method{
		name:    "listlabels",
		reads:   true,
		summary: "Returns the labels of the wallet.",
		result:  "an object with the label of each address or transaction hash",
		returns: []any{map[string]string{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, _ args) (any, error) {
			return b.Wallet.Labels(ctx)
		},
	}
}
