package rpc

import "context"

func stop() method {
	return method{
		name:    "stop",
		summary: "Stops the daemon.",
		result:  "a sentence; the connection is closed soon after",
		returns: []any{""},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			b.Control.Stop()
			return "spvd stopping.", nil
		},
	}
}
