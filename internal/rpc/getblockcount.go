package rpc

import "context"

func getBlockCount() method {
	return method{
		name:    "getblockcount",
		reads:   true,
		summary: "Returns the height of the newest verified block.",
		result:  "the height",
		returns: []any{int64(0)},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			_, height, err := b.Chain.Best()
			if err != nil {
				return nil, err
			}
			return height, nil
		},
	}
}
