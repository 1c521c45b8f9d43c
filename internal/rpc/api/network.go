package api

import "github.com/decred/dcrd/rpc/jsonrpc/types/v4"

// Results in dcrd's form.
type (
	// NetTotals is the result of getnettotals.
	NetTotals = types.GetNetTotalsResult

	// NetworkInfo is the result of getnetworkinfo, Network one of its networks.
	NetworkInfo  = types.GetNetworkInfoResult
	Network      = types.NetworksResult
	LocalAddress = types.LocalAddressesResult

	// AddedNode is an element of the result of getaddednodeinfo.
	AddedNode     = types.GetAddedNodeInfoResult
	AddedNodeAddr = types.GetAddedNodeInfoResultAddr
)

// Ban is an element of the result of listbans. Bitcoin's nodes name the first
// fields so.
type Ban struct {
	// Address is HOST:PORT, or HOST for all its ports.
	Address string `json:"address"`

	BanCreated    int64 `json:"ban_created"`
	BannedUntil   int64 `json:"banned_until"`
	BanDuration   int64 `json:"ban_duration"`   // seconds in all
	TimeRemaining int64 `json:"time_remaining"` // seconds from now

	// Reason is the fault of the peer, Evidence the finding of the proof.
	Reason   string `json:"reason"`
	Evidence string `json:"evidence"`
}
