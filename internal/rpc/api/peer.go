package api

import "github.com/decred/dcrd/rpc/jsonrpc/types/v4"

// PeerInfo is an element of the result of getpeerinfo: dcrd's fields, which
// include dcrwallet's. Services is a decimal number; PingTime and PingWait are
// in microseconds.
type PeerInfo struct {
	types.GetPeerInfoResult
}
