package main

import "github.com/spvd/spvd"

// Names that the daemon adds to the files of a client: of what is known of votes, in the
// directory of a network, and of the key of the RPC certificate, in the data directory.
const (
	votesFile = "votes.dat"
	keyFile   = "rpc.key"
)

// network returns the network that the settings choose.
func (c *config) network() spvd.Network {
	switch {
	case c.TestNet:
		return spvd.Testnet
	case c.SimNet:
		return spvd.Simnet
	default:
		return spvd.Mainnet
	}
}
