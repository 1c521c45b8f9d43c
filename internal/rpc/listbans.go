package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listBans() method {
	return method{
		name:    "listbans",
		summary: "Lists the addresses that are kept away from.",
		help:    "A peer is banned for a proven fault, with its evidence, or by setban. Being slow or silent bans nobody.",
		result:  "an array with one object for each ban, by address",
		returns: []any{[]api.Ban{}},
		example: `[]`,
		reads:   true,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			bans := b.Network.Bans()
			if bans == nil {
				bans = []api.Ban{} // an empty array rather than null
			}
			return bans, nil
		},
	}
}
