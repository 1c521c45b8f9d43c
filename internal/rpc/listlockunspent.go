package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listLockUnspent() method {
	return method{
		name:    "listlockunspent",
		reads:   true,
		summary: "Lists the outputs that are marked as not to be spent.",
		result:  "an array with an object for each output",
		returns: []any{[]api.OutPoint{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, _ args) (any, error) {
			outputs, err := b.Wallet.Locked(ctx)
			return append([]api.OutPoint{}, outputs...), err
		},
	}
}
