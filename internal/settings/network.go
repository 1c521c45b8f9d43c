package settings

import "github.com/spvd/spvd"

// keyFile is the name of the key of the RPC certificate, which the daemon adds to the files
// of a client in the data directory.
const keyFile = "rpc.key"

// network returns the network that the settings choose.
func (c *Config) Network() spvd.Network {
	switch {
	case c.TestNet:
		return spvd.Testnet
	case c.SimNet:
		return spvd.Simnet
	default:
		return spvd.Mainnet
	}
}
