package main

import "github.com/spvd/spvd/spv/consensus"

// Names of files in the directory of a network, and of the key in the data
// directory itself.
const (
	chainFile  = "chain.db"
	lockFile   = "spvd.lock"
	peersFile  = "peers.json"
	votesFile  = "votes.dat"
	walletDir  = "wallets"
	walletFile = "default.db"
	keyFile    = "rpc.key"
)

// network is a network the daemon may be on.
type network struct {
	dir    string // name of its directory
	params func() *consensus.Params
}

// network returns the one the settings choose.
func (c *config) network() network {
	switch {
	case c.TestNet:
		return network{dir: "testnet3", params: consensus.TestNet3}
	case c.SimNet:
		return network{dir: "simnet", params: consensus.SimNet}
	default:
		return network{dir: "mainnet", params: consensus.MainNet}
	}
}
