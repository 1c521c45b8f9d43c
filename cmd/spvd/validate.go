package main

import "errors"

// validate reports settings that do not go together.
func (c *config) validate() error {
	switch {
	case c.TestNet && c.SimNet:
		return errors.New("--testnet and --simnet exclude each other: choose one network")
	case (c.Username == "") != (c.Password == ""):
		return errors.New("--username and --password need each other: set both, or neither to use the cookie file")
	case (c.ReadOnlyUser == "") != (c.ReadOnlyPass == ""):
		return errors.New("--readonlyuser and --readonlypass need each other: set both or neither")
	case c.ReadOnlyUser != "" && c.ReadOnlyUser == c.Username:
		return errors.New("--readonlyuser is also --username: give them different names")
	case c.Profile && len(c.MetricsListen) == 0:
		return errors.New("--profile shows nothing without --metricslisten")
	case c.DeepReorg < 1:
		return errors.New("--deepreorg must be at least 1")
	case c.RPCMaxWebsockets < 1:
		return errors.New("--rpcmaxwebsockets must be at least 1")
	case (c.RPCCert == "") != (c.RPCKey == ""):
		return errors.New("--rpccert and --rpckey need each other: set both or neither")
	case c.NoTLS && (c.RPCCert != "" || c.ClientCAFile != "" || len(c.AltDNSNames) > 0):
		return errors.New("--notls leaves no use for --rpccert, --rpckey, --clientcafile and --altdnsnames: remove one or the other")
	}
	return nil
}
