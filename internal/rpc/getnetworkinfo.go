package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getNetworkInfo() method {
	return method{
		name:    "getnetworkinfo",
		summary: "Returns how the daemon takes part in the network, in dcrd's form.",
		help: "It offers no services, listens for no peers and takes no time from them: localaddresses is empty, localservices " +
			"and timeoffset are 0. Onion addresses are reachable through a proxy only.",
		result:  "an object with dcrd's fields",
		returns: []any{api.NetworkInfo{}},
		example: `[]`,
		reads:   true,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			v := b.version
			info := api.NetworkInfo{
				Version:         int32(1000000*v.Major + 10000*v.Minor + 100*v.Patch),
				SubVersion:      b.Network.UserAgent(),
				ProtocolVersion: int32(b.protocolVersion),
				Connections:     int32(len(b.Peers.Peers())),
				RelayFee:        relayFee.ToCoin(),
				LocalAddresses:  []api.LocalAddress{},
				LocalServices:   "0",
			}
			for _, name := range []string{"IPv4", "IPv6", "Onion"} {
				info.Networks = append(info.Networks, api.Network{
					Name:                      name,
					Limited:                   name == "Onion" && b.proxy == "",
					Reachable:                 name != "Onion" || b.proxy != "",
					Proxy:                     b.proxy,
					ProxyRandomizeCredentials: b.proxy != "",
				})
			}
			return info, nil
		},
	}
}
