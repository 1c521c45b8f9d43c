package method

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv/p2p"
)

// peerMethods returns the methods about peers and the network.
func peerMethods() []Method {
	return []Method{
		getPeerInfo(),
		getConnectionCount(),
		getNetTotals(),
		ping(),
		networkChanged(),
		getNetworkInfo(),
		addNode(),
		node(),
		disconnectNode(),
		getAddedNodeInfo(),
		setBan(),
		unban(),
		listBans(),
	}
}

func getPeerInfo() Method {
	return Method{
		Name:    "getpeerinfo",
		Reads:   true,
		Summary: "Lists the connected peers.",
		Help: "Heights are what peers claim. services is a decimal number, pingtime and pingwait are in microseconds, " +
			"conntime, lastsend and lastrecv Unix seconds, rate in bytes per second. banscore is how badly the peer has behaved, 0 to 100; silence raises it too, and it falls with time. role is connect, added, " +
			"once, outbound, renewal, or search for a peer that is asked whether it has newer blocks than the others.",
		Result:  "an array with one object for each peer, in the order of their ids",
		Returns: []any{[]api.PeerInfo{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return view.Peers(c.Pool.Infos()), nil
		},
	}
}

func getConnectionCount() Method {
	return Method{
		Name:    "getconnectioncount",
		Quick:   true,
		Summary: "Returns the number of connected peers.",
		Result:  "a number",
		Returns: []any{0},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return len(c.Pool.Infos()), nil
		},
	}
}

func ping() Method {
	return Method{
		Name:    "ping",
		Quick:   true,
		Summary: "Sends a ping to each connected peer.",
		Help:    "getpeerinfo shows the round trips: pingtime of the last pong, pingwait of a ping that is not answered yet. A peer that owes a pong is sent no other ping.",
		Result:  "null, at once",
		Returns: []any{nil},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			c.Pool.Ping()
			return nil, nil
		},
	}
}

func networkChanged() Method {
	return Method{
		Name:    "networkchanged",
		Quick:   true,
		Summary: "Tells the daemon that the machine is in another network, or awake again.",
		Help: "Each peer is pinged, and disconnected unless a message from it arrives within 5 seconds; missing peers are dialled " +
			"at once. A front end calls this when its system reports a change of the network. Without the call a changed address of the machine is noticed " +
			"within 10 seconds, and a connection that is dead for other reasons within 90.",
		Result:  "null, at once",
		Returns: []any{nil},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			c.Pool.NetworkChanged()
			return nil, nil
		},
	}
}

func getNetTotals() Method {
	return Method{
		Name:    "getnettotals",
		Summary: "Returns how many bytes went through all connections with peers since the daemon was started.",
		Result:  "an object with dcrd's fields; timemillis is the Unix time in milliseconds",
		Returns: []any{api.NetTotals{}},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			received, sent := c.Pool.BytesTotal()
			return api.NetTotals{TotalBytesRecv: received, TotalBytesSent: sent, TimeMillis: time.Now().UnixMilli()}, nil
		},
	}
}

func getNetworkInfo() Method {
	return Method{
		Name:    "getnetworkinfo",
		Summary: "Returns how the daemon takes part in the network, in dcrd's form.",
		Help: "It offers no services, listens for no peers and takes no time from them: localaddresses is empty, localservices " +
			"and timeoffset are 0. Onion addresses are reachable through a proxy only.",
		Result:  "an object with dcrd's fields",
		Returns: []any{api.NetworkInfo{}},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			v := c.Version
			info := api.NetworkInfo{
				Version:         int32(1000000*v.Major + 10000*v.Minor + 100*v.Patch),
				SubVersion:      c.UserAgent,
				ProtocolVersion: int32(c.ProtocolVersion),
				Connections:     int32(len(c.Pool.Infos())),
				RelayFee:        relayFee.ToCoin(),
				LocalAddresses:  []api.LocalAddress{},
				LocalServices:   "0",
			}
			for _, name := range []string{"IPv4", "IPv6", "Onion"} {
				info.Networks = append(info.Networks, api.Network{
					Name:                      name,
					Limited:                   name == "Onion" && c.Proxy == "",
					Reachable:                 name != "Onion" || c.Proxy != "",
					Proxy:                     c.Proxy,
					ProxyRandomizeCredentials: c.Proxy != "",
				})
			}
			return info, nil
		},
	}
}

func addNode() Method {
	return Method{
		Name:    "addnode",
		Summary: "Adds or removes a peer to stay connected with, or connects once.",
		Help:    "What is added lasts until the daemon stops; the addpeer option makes it last.",
		Params: []param{
			{name: "addr", kind: kindString, text: "The peer as HOST or HOST:PORT."},
			{name: "subcmd", kind: kindString, text: "add, remove, or onetry to connect once."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["192.0.2.8", "add"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			addr := c.str("addr")
			switch sub := c.str("subcmd"); sub {
			case "add":
				return nil, refused(c.Pool.Add(addr))
			case "remove":
				return nil, refused(c.Pool.Remove(addr))
			case "onetry":
				return nil, refused(c.Pool.Try(addr))
			default:
				return nil, fail(api.CodeInvalid, "subcmd %q is none of add, remove and onetry", shorten([]byte(sub)))
			}
		},
	}
}

func node() Method {
	return Method{
		Name:    "node",
		Summary: "Connects to a peer, or leaves one.",
		Help: "connect perm stays connected and connect temp connects once; remove ends what addnode add, connect perm or an " +
			"option began; disconnect ends the connection only.",
		Params: []param{
			{name: "subcmd", kind: kindString, text: "connect, remove or disconnect."},
			{name: "target", kind: kindString, text: "The peer as HOST or HOST:PORT, or to disconnect its id."},
			{name: "connectsubcmd", kind: kindString, optional: true, def: "temp", text: "perm or temp."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["connect", "192.0.2.9:9108", "temp"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			target, how := c.str("target"), c.str("connectsubcmd")
			switch sub := c.str("subcmd"); {
			case sub == "connect" && how == "perm":
				return nil, refused(c.Pool.Add(target))
			case sub == "connect" && how == "temp":
				return nil, refused(c.Pool.Try(target))
			case sub == "connect":
				return nil, fail(api.CodeInvalid, "connectsubcmd %q is neither perm nor temp", shorten([]byte(how)))
			case sub == "remove":
				return nil, refused(c.Pool.Remove(target))
			case sub == "disconnect":
				if id, err := strconv.ParseUint(target, 10, 31); err == nil && id != 0 {
					return nil, refused(c.Pool.Disconnect(p2p.PeerID(id), ""))
				}
				return nil, refused(c.Pool.Disconnect(0, target))
			default:
				return nil, fail(api.CodeInvalid, "subcmd %q is none of connect, remove and disconnect", shorten([]byte(sub)))
			}
		},
	}
}

func disconnectNode() Method {
	return Method{
		Name:    "disconnectnode",
		Summary: "Ends the connection with a peer.",
		Help:    "A peer to stay connected with is dialled again soon; run addnode remove or setban to keep away from it.",
		Params: []param{
			{name: "address", kind: kindString, optional: true, def: "", text: "The address of the peer as getpeerinfo shows it."},
			{name: "nodeid", kind: kindInt, optional: true, def: int64(0), text: "Its id instead."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["192.0.2.1:9108"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			addr, id := c.str("address"), c.int("nodeid")
			if (addr == "") == (id == 0) {
				return nil, fail(api.CodeInvalid, "either an address or an id says which peer")
			}
			if id < 0 {
				return nil, fail(api.CodeInvalid, "no peer has the id %d", id)
			}
			return nil, refused(c.Pool.Disconnect(p2p.PeerID(id), addr))
		},
	}
}

func getAddedNodeInfo() Method {
	return Method{
		Name:    "getaddednodeinfo",
		Summary: "Lists the peers that were added to stay connected with.",
		Help:    "Names are not looked up here: the addresses of a peer are the one it is dialled at.",
		Params: []param{
			{name: "dns", kind: kindBool, text: "Whether to return objects that also say which peers are connected, rather than addresses alone."},
			{name: "node", kind: kindString, optional: true, def: "", text: "Only this peer."},
		},
		Result:  "an array of addresses, or of objects with dcrd's fields",
		Returns: []any{[]string{}, []api.AddedNode{}},
		Example: `[true]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			addrs := c.Pool.Manual()
			if only := c.str("node"); only != "" {
				addrs = slices.DeleteFunc(addrs, func(addr string) bool {
					host, _, err := net.SplitHostPort(addr)
					return addr != only && (err != nil || host != only)
				})
				if len(addrs) == 0 {
					return nil, fail(api.CodeInvalid, "peer %s was not added; run: spvctl getaddednodeinfo false", shorten([]byte(only)))
				}
			}
			if !c.bool("dns") {
				return append([]string{}, addrs...), nil
			}
			peers, out := c.Pool.Infos(), []api.AddedNode{}
			for _, addr := range addrs {
				connected := slices.ContainsFunc(peers, func(p peer.Info) bool { return p.Addr == addr })
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

// Times of bans.
const (
	defaultBanTime = 24 * time.Hour
	maxBanTime     = 100 * 365 * 24 * time.Hour
)

func setBan() Method {
	return Method{
		Name:    "setban",
		Summary: "Bans an address, or lifts its ban.",
		Help:    "Bans outlast the daemon.",
		Params: []param{
			{name: "address", kind: kindString, text: "HOST:PORT, or HOST for all its ports."},
			{name: "command", kind: kindString, text: "add or remove."},
			{name: "bantime", kind: kindInt, optional: true, def: int64(0), text: "For how many seconds; 0 for a day."},
			{name: "absolute", kind: kindBool, optional: true, def: false, text: "Whether bantime is the Unix time of the end instead."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["192.0.2.66", "add", 3600]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			addr, seconds := c.str("address"), c.int("bantime")
			switch command := c.str("command"); command {
			case "remove":
				return nil, refused(c.Pool.Unban(addr))
			case "add":
			default:
				return nil, fail(api.CodeInvalid, "command %q is neither add nor remove", shorten([]byte(command)))
			}
			if c.bool("absolute") {
				seconds -= time.Now().Unix()
			} else if seconds == 0 {
				seconds = int64(defaultBanTime / time.Second)
			}
			if seconds <= 0 || seconds > int64(maxBanTime/time.Second) {
				return nil, fail(api.CodeInvalid, "bantime %d does not lie ahead, or more than a hundred years", c.int("bantime"))
			}
			return nil, refused(c.Pool.Ban(addr, time.Duration(seconds)*time.Second))
		},
	}
}

func unban() Method {
	return Method{
		Name:    "unban",
		Summary: "Lifts the ban of an address, whatever it was for.",
		Help:    "A peer to stay connected with is dialled at once.",
		Params:  []param{{name: "address", kind: kindString, text: "The address as listbans shows it."}},
		Result:  "null",
		Returns: []any{nil},
		Example: `["192.0.2.99:9108"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return nil, refused(c.Pool.Unban(c.str("address")))
		},
	}
}

func listBans() Method {
	return Method{
		Name:    "listbans",
		Summary: "Lists the addresses that are kept away from.",
		Help: "A proven fault bans the host of a peer, whatever its port, with the evidence; an IPv6 " +
			"host as its network, ADDRESS/64. setban bans the address that it is given. Being slow or silent bans no peer.",
		Result:  "an array with one object for each ban, by address",
		Returns: []any{[]api.Ban{}},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return view.Bans(c.Pool.Bans(), time.Now()), nil
		},
	}
}
