package rpc

import "context"

func unban() method {
	return method{
		name:    "unban",
		summary: "Lifts the ban of an address, whatever it was for.",
		help:    "A peer to stay connected with is dialled at once.",
		params:  []param{{name: "address", kind: kindString, text: "The address as listbans shows it."}},
		result:  "null",
		returns: []any{nil},
		example: `["192.0.2.99:9108"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			return nil, refused(b.Network.Unban(a.str("address")))
		},
	}
}
