package rpc

import (
	"context"
	"strconv"

	"github.com/spvd/spvd/internal/rpc/api"
)

func node() method {
	return method{
		name:    "node",
		summary: "Connects to a peer, or leaves one.",
		help: "connect perm stays connected and connect temp connects once; remove ends what addnode add, connect perm or an " +
			"option began; disconnect ends the connection only.",
		params: []param{
			{name: "subcmd", kind: kindString, text: "connect, remove or disconnect."},
			{name: "target", kind: kindString, text: "The peer as HOST or HOST:PORT, or to disconnect its id."},
			{name: "connectsubcmd", kind: kindString, optional: true, def: "temp", text: "perm or temp."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["connect", "192.0.2.9:9108", "temp"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			target, how := a.str("target"), a.str("connectsubcmd")
			switch sub := a.str("subcmd"); {
			case sub == "connect" && how == "perm":
				return nil, refused(b.Network.AddPeer(target))
			case sub == "connect" && how == "temp":
				return nil, refused(b.Network.TryPeer(target))
			case sub == "connect":
				return nil, fail(api.CodeInvalid, "connectsubcmd %q is neither perm nor temp", shorten([]byte(how)))
			case sub == "remove":
				return nil, refused(b.Network.RemovePeer(target))
			case sub == "disconnect":
				id, err := strconv.ParseUint(target, 10, 31)
				if err != nil {
					id = 0
				}
				return nil, refused(b.Network.Disconnect(int64(id), target))
			default:
				return nil, fail(api.CodeInvalid, "subcmd %q is none of connect, remove and disconnect", shorten([]byte(sub)))
			}
		},
	}
}
