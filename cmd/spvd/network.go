package main

import "github.com/spvd/spvd/spv/chain"

// Names of files in the directory of a network, and of the key in the data
// directory itself.
const (
	chainFile  = "chain.db"
	lockFile   = "spvd.lock"
	peersFile  = "peers.json"
	walletDir  = "wallets"
	walletFile = "default.db"
	keyFile    = "rpc.key"
)

// network is a network the daemon may be on.
type network struct {
	dir    string // name of its directory
	params func() *chain.Params
}

// network returns the one the settings choose.
func (c *config) network() network {
	switch {
	case c.TestNet:
		return network{dir: "testnet3", params: chain.TestNet3}
	case c.SimNet:
		return network{dir: "simnet", params: chain.SimNet}
	default:
		return network{dir: "mainnet", params: chain.MainNet}
	}
}
