package rpc

import "context"

func getBestBlockHash() method {
	return method{
		name:    "getbestblockhash",
		reads:   true,
		summary: "Returns the hash of the newest verified block.",
		result:  "the hash",
		returns: []any{""},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			hash, _, err := b.Chain.Best()
			if err != nil {
				return nil, err
			}
			return hash.String(), nil
		},
	}
}
