package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listWalletDir() method {
	return method{
		name:    "listwalletdir",
		reads:   true,
		summary: "Lists the wallets in the data directory, loaded or not.",
		result:  "an object with an array of them",
		returns: []any{api.WalletDir{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			return b.Wallets.List()
		},
	}
}
