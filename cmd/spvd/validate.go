package main

import (
	"errors"
	"fmt"
	"net"
)

// usageError is an error that the user corrects by other settings. It makes the exit code
// exitUsage wherever it is found.
type usageError struct{ error }

// Unwrap returns the error in it.
func (e usageError) Unwrap() error { return e.error }

// validate returns an error for settings that do not go together.
func (c *config) validate() error {
	for _, check := range []func() error{c.validateChain, c.validateUsers, c.validateListeners, c.validateWebhook} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) validateChain() error {
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
		if other, named := xpubs[a.name]; named && other != a.xpub {
			return fmt.Errorf("--account names two different keys %q: give the accounts different names", a.name)
		}
		if other, given := names[a.xpub]; given && other != a.name {
			return fmt.Errorf("--account gives one key the names %q and %q: one of them may have the wrong key", other, a.name)
		}
		xpubs[a.name], names[a.xpub] = a.xpub, a.name
	}
	return nil
}

func (c *config) validateListeners() error {
	switch {
	case c.RPCMaxWebsockets < 1:
		return errors.New("--rpcmaxwebsockets must be at least 1")
	case (c.RPCCert == "") != (c.RPCKey == ""):
		return errors.New("--rpccert and --rpckey need each other: set both or neither")
	case c.NoTLS && (c.RPCCert != "" || c.ClientCAFile != "" || len(c.AltDNSNames) > 0 || c.RenewCert):
		return errors.New("--notls leaves no use for --rpccert, --rpckey, --clientcafile, --altdnsnames and --renewcert: remove one or the other")
	case c.CookieGroup.number != nil && c.cookieFile() == "":
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
func beyondLoopback(addresses []listenAddress) string {
	for _, address := range addresses {
		host, _, _ := splitAddress(string(address)) // UnmarshalFlag has read it
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
