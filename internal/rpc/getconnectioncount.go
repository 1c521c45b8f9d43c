package rpc

import "context"

func getConnectionCount() method {
	return method{
		name:    "getconnectioncount",
		summary: "Returns the number of connected peers.",
		result:  "a number",
		returns: []any{0},
		example: `[]`,
		reads:   true,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			return len(b.Peers.Peers()), nil
		},
	}
}
