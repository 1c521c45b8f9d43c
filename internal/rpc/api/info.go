package api

import "github.com/decred/dcrd/rpc/jsonrpc/types/v4"

// Info is the result of getinfo in dcrwallet's form. Amounts are in coins.
type Info struct {
	Version         int32   `json:"version"`
	ProtocolVersion int32   `json:"protocolversion"`
	WalletVersion   int32   `json:"walletversion"`
	Balance         Amount  `json:"balance"`
	Blocks          int64   `json:"blocks"`
	TimeOffset      int64   `json:"timeoffset"`
	Connections     int32   `json:"connections"`
	Proxy           string  `json:"proxy"`
	Difficulty      float64 `json:"difficulty"`
	TestNet         bool    `json:"testnet"`
	KeypoolOldest   int64   `json:"keypoololdest"`
	KeypoolSize     int32   `json:"keypoolsize"`
	UnlockedUntil   int64   `json:"unlocked_until"`
	PayTxFee        float64 `json:"paytxfee"`
	RelayFee        float64 `json:"relayfee"`
	Errors          string  `json:"errors"`

	// FilterFloor is the height of the first filter that is kept, zero if all are.
	FilterFloor int64 `json:"filterfloor"`

	// Clients is the number of light clients that are served, see getservinginfo.
	Clients int32 `json:"clients"`
}

// Keys of the result of version.
const (
	VersionDaemon = "spvd"
	VersionAPI    = "dcrwalletjsonrpcapi"
)

// Version is one entry of the result of version.
type Version = types.VersionResult
