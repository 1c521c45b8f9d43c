package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getBestBlock() method {
	return method{
		name:    "getbestblock",
		reads:   true,
		summary: "Returns hash and height of the newest verified block.",
		result:  "hash and height",
		returns: []any{api.BestBlock{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			hash, height, err := b.Chain.Best()
			if err != nil {
				return nil, err
			}
			return api.BestBlock{Hash: hash.String(), Height: height}, nil
		},
	}
}
