package main

import "errors"

// validate reports settings that do not go together.
func (c *config) validate() error {
	switch {
	case c.TestNet && c.SimNet:
		return errors.New("--testnet and --simnet exclude each other: choose one network")
	case (c.Username == "") != (c.Password == ""):
		return errors.New("--username and --password need each other: set both, or neither to use the cookie file")
	case (c.RPCCert == "") != (c.RPCKey == ""):
		return errors.New("--rpccert and --rpckey need each other: set both or neither")
	case c.NoTLS && (c.RPCCert != "" || len(c.AltDNSNames) > 0):
		return errors.New("--notls leaves no use for --rpccert, --rpckey and --altdnsnames: remove one or the other")
	}
	return nil
}
