package settings

import (
	"errors"
	"fmt"
	"net"
)

// UsageError is an error that the user corrects by other settings. It makes the exit code that
// of a wrong command line, wherever it is found.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error in it.
func (e UsageError) Unwrap() error { return e.Err }

// validate returns an error for settings that do not go together.
func (c *Config) validate() error {
	for _, check := range []func() error{c.validateChain, c.validateUsers, c.validateListeners, c.validateWebhook} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) validateChain() error {
	switch {
	case c.TestNet && c.SimNet:
		return errors.New("--testnet and --simnet exclude each other: choose one network")
	case c.DeepReorg < 1:
		return errors.New("--deepreorg must be at least 1")
	case c.Prune && c.KeepFilters:
		return errors.New("--prune deletes what --keepfilters keeps: remove one or the other")
	case c.Timeout < 0:
		return fmt.Errorf("--timeout %v is in the past", c.Timeout)
	case c.Timeout > 0 && c.Until == "":
		return errors.New("--timeout ends nothing without --until")
	}
	xpubs, names := make(map[string]string), make(map[string]string)
	for _, a := range c.Account {
		if other, named := xpubs[a.Name]; named && other != a.Xpub {
			return fmt.Errorf("--account names two different keys %q: give the accounts different names", a.Name)
		}
		if other, given := names[a.Xpub]; given && other != a.Name {
			return fmt.Errorf("--account gives one key the names %q and %q: one of them may have the wrong key", other, a.Name)
		}
		xpubs[a.Name], names[a.Xpub] = a.Xpub, a.Name
	}
	return nil
}

func (c *Config) validateListeners() error {
	switch {
	case c.RPCMaxWebsockets < 1:
		return errors.New("--rpcmaxwebsockets must be at least 1")
	case (c.RPCCert == "") != (c.RPCKey == ""):
		return errors.New("--rpccert and --rpckey need each other: set both or neither")
	case c.NoTLS && (c.RPCCert != "" || c.ClientCAFile != "" || len(c.AltDNSNames) > 0 || c.RenewCert):
		return errors.New("--notls leaves no use for --rpccert, --rpckey, --clientcafile, --altdnsnames and --renewcert: remove one or the other")
	case c.CookieGroup.Number != nil && c.CookieFile() == "":
		return errors.New("--cookiegroup has no use with --password: there is no cookie then, remove one or the other")
	case c.LowBandwidth && len(c.Listen) > 0:
		return errors.New("--lowbandwidth leaves no use for --listen: remove one or the other")
	case c.NoTLS && c.IssueClientCert:
		return errors.New("--notls leaves no use for --issueclientcert: remove one or the other")
	case c.PipeTx == nil && (c.RPCListenerEvents || c.IssueClientCert):
		return errors.New("--rpclistenerevents and --issueclientcert report nothing without --pipetx")
	case c.PipeTx != nil && c.PipeRx != nil && *c.PipeTx == *c.PipeRx:
		return errors.New("--pipetx and --piperx are the same file: open two pipes")
	case c.Profile && len(c.MetricsListen) == 0:
		return errors.New("--profile shows nothing without --metricslisten")
	case c.MetricsTLS && len(c.MetricsListen) == 0:
		return errors.New("--metricstls serves nothing without --metricslisten")
	case c.MetricsTLS && c.NoTLS:
		return errors.New("--notls leaves no certificate for --metricstls: remove one or the other")
	}
	if c.NoTLS {
		if address := beyondLoopback(c.RPCListen); address != "" {
			return fmt.Errorf("--rpclisten %s: without TLS only loopback addresses are allowed: remove --notls, or listen on localhost", address)
		}
	}
	if c.Profile {
		if address := beyondLoopback(c.MetricsListen); address != "" {
			return fmt.Errorf("--profile: others reach %s of --metricslisten: listen on loopback addresses only", address)
		}
	}
	return nil
}

// beyondLoopback returns the first of the addresses that other machines may
// reach, in words; nothing if there is none.
func beyondLoopback(addresses []ListenAddress) string {
	for _, address := range addresses {
		host, _, _ := SplitAddress(string(address)) // UnmarshalFlag has read it
		switch ip := net.ParseIP(host); {
		case host == "localhost" || ip != nil && ip.IsLoopback():
		case address == "":
			return "(all addresses)"
		default:
			return string(address)
		}
	}
	return ""
}
