package rpc

import (
	"context"
	"net"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getAddedNodeInfo() method {
	return method{
		name:    "getaddednodeinfo",
		summary: "Lists the peers that were added to stay connected with.",
		help:    "Names are not looked up here: the addresses of a peer are the one it is dialled at.",
		params: []param{
			{name: "dns", kind: kindBool, text: "Whether to tell more than the addresses: which are connected."},
			{name: "node", kind: kindString, optional: true, def: "", text: "Only this peer."},
		},
		result:  "an array of addresses, or of objects with dcrd's fields",
		returns: []any{[]string{}, []api.AddedNode{}},
		example: `[true]`,
		reads:   true,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			addrs := b.Network.AddedPeers()
			if only := a.str("node"); only != "" {
				addrs = slices.DeleteFunc(addrs, func(addr string) bool {
					host, _, err := net.SplitHostPort(addr)
					return addr != only && (err != nil || host != only)
				})
				if len(addrs) == 0 {
					return nil, fail(api.CodeInvalid, "peer %s was not added; run: spvctl getaddednodeinfo false", shorten([]byte(only)))
				}
			}
			if !a.bool("dns") {
				return append([]string{}, addrs...), nil
			}
			peers, out := b.Peers.Peers(), []api.AddedNode{}
			for _, addr := range addrs {
				connected := slices.ContainsFunc(peers, func(p api.PeerInfo) bool { return p.Addr == addr })
				out = append(out, addedNode(addr, connected))
			}
			return out, nil
		},
	}
}

// addedNode describes one peer in dcrd's form.
func addedNode(addr string, connected bool) api.AddedNode {
	state := "false"
	if connected {
		state = "outbound"
	}
	return api.AddedNode{
		AddedNode: addr,
		Connected: &connected,
		Addresses: &[]api.AddedNodeAddr{{Address: addr, Connected: state}},
	}
}
