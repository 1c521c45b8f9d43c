package api

import "github.com/decred/dcrd/rpc/jsonrpc/types/v4"

// PeerInfo is an element of the result of getpeerinfo: dcrd's fields, which
// include dcrwallet's. Services is a decimal number; PingTime and PingWait are
// in microseconds.
type PeerInfo struct {
	types.GetPeerInfoResult

	// Role is why it is connected: connect, added or once for the peers that the user named,
	// outbound for those that the daemon chose.
	Role string `json:"role"`

	// Rate is how fast it delivers, in bytes per second; zero if not measured.
	Rate int64 `json:"rate"`

	// InFlight is the number of requests it has not answered, InFlightBytes the
	// estimated size of the replies.
	InFlight      int `json:"inflight"`
	InFlightBytes int `json:"inflightbytes"`

	// LastReason is the last fault of a peer at this address; empty if there was none.
	LastReason string `json:"lastreason"`
}
