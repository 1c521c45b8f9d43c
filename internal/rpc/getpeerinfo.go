package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getPeerInfo() method {
	return method{
		name:    "getpeerinfo",
		reads:   true,
		summary: "Lists the connected peers.",
		help: "Heights are what peers claim. services is a decimal number, pingtime and pingwait are in microseconds, " +
			"conntime, lastsend and lastrecv Unix seconds, rate in bytes per second. banscore is how badly the peer has " +
			"behaved, 0 to 100; silence adds to it as well, and wears off. role is connect, added, once or outbound.",
		result:  "an array with one object for each peer, in the order of their ids",
		returns: []any{[]api.PeerInfo{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			peers := b.Peers.Peers()
			if peers == nil {
				peers = []api.PeerInfo{} // an empty array rather than null
			}
			return peers, nil
		},
	}
}
