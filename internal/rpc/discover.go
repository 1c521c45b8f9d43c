package rpc

import "context"

func discover() method {
	return method{
		name:    "rpc.discover",
		reads:   true,
		summary: "Describes all methods for programs, as an OpenRPC document.",
		help:    "The same document is docs/openrpc.json.",
		result:  "an OpenRPC document",
		returns: []any{map[string]any{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			return b.methods.openRPC(b.version.VersionString), nil
		},
	}
}
