package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func addNode() method {
	return method{
		name:    "addnode",
		summary: "Adds or removes a peer to stay connected with, or connects once.",
		help:    "What is added lasts until the daemon stops; the addpeer option makes it last.",
		params: []param{
			{name: "addr", kind: kindString, text: "The peer as HOST or HOST:PORT."},
			{name: "subcmd", kind: kindString, text: "add, remove, or onetry to connect once."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["192.0.2.8", "add"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			addr := a.str("addr")
			switch sub := a.str("subcmd"); sub {
			case "add":
				return nil, refused(b.Network.AddPeer(addr))
			case "remove":
				return nil, refused(b.Network.RemovePeer(addr))
			case "onetry":
				return nil, refused(b.Network.TryPeer(addr))
			default:
				return nil, fail(api.CodeInvalid, "subcmd %q is none of add, remove and onetry", shorten([]byte(sub)))
			}
		},
	}
}
