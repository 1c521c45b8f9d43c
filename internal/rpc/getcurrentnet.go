package rpc

import "context"

func getCurrentNet() method {
	return method{
		name:    "getcurrentnet",
		reads:   true,
		summary: "Returns the number that tells the network: the magic of its peer-to-peer messages.",
		result:  "3652452601 for mainnet, 2971708021 for testnet3, 303307798 for simnet",
		returns: []any{uint32(0)},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			return uint32(b.params.Net), nil
		},
	}
}
