package rpc

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getCFilterV2() method {
	return method{
		name:    "getcfilterv2",
		reads:   true,
		summary: "Returns the version 2 committed filter of a main chain block.",
		params:  []param{{name: "hash", kind: kindHash, text: "The hash of the block."}},
		result:  "the block hash, and filter and key in hex",
		returns: []any{api.CFilterV2{}},
		example: `["` + exampleHash + `"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			hash := a.hash("hash")
			filter, key, err := b.Chain.Filter(hash)
			if errors.Is(err, ErrNotFound) {
				return nil, b.notOnChain(hash)
			}
			if err != nil {
				return nil, err
			}
			return api.CFilterV2{
				BlockHash:   hash.String(),
				Filter:      hex.EncodeToString(filter),
				Key:         hex.EncodeToString(key[:]),
				Data:        hex.EncodeToString(filter),
				ProofHashes: []string{},
			}, nil
		},
	}
}
