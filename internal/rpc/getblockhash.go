package rpc

import (
	"context"
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getBlockHash() method {
	return method{
		name:    "getblockhash",
		reads:   true,
		summary: "Returns the hash of the main chain block at a height.",
		params:  []param{{name: "index", kind: kindInt, text: "The height; the genesis block has 0."}},
		result:  "the hash",
		returns: []any{""},
		example: `[1]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			height := a.int("index")
			hash, err := b.Chain.HashAt(height)
			if errors.Is(err, ErrNotFound) {
				return nil, fail(api.CodeInvalid, "height %d is not on the main chain; run: spvctl getblockcount", height)
			}
			if err != nil {
				return nil, err
			}
			return hash.String(), nil
		},
	}
}
