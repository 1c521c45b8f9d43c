package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func disconnectNode() method {
	return method{
		name:    "disconnectnode",
		summary: "Ends the connection with a peer.",
		help:    "A peer to stay connected with is dialled again soon; run addnode remove or setban to keep away from it.",
		params: []param{
			{name: "address", kind: kindString, optional: true, def: "", text: "The address of the peer as getpeerinfo shows it."},
			{name: "nodeid", kind: kindInt, optional: true, def: int64(0), text: "Its id instead."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["192.0.2.1:9108"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			addr, id := a.str("address"), a.int("nodeid")
			if (addr == "") == (id == 0) {
				return nil, fail(api.CodeInvalid, "either an address or an id says which peer")
			}
			if id < 0 {
				return nil, fail(api.CodeInvalid, "no peer has the id %d", id)
			}
			return nil, refused(b.Network.Disconnect(id, addr))
		},
	}
}
