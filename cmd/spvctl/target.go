package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/rpc/api"
)

// errNotRunning means that nothing answers at the daemon's address.
var errNotRunning = errors.New("spvd is not running")

// target is the address of the daemon and the credentials.
type target struct {
	address        string
	path           string      // URL path of the websocket
	tls            *tls.Config // nil for plain text
	user, password string      // empty with a certificate
	start          string      // the command that starts the daemon

	net wire.CurrencyNet // the network that the user has asked for; zero if none was named
}

// target returns the address and credentials that follow from options, configuration file and
// cookie.
func (o *options) target() (*target, error) {
	listening, err := o.complete()
	if err != nil {
		return nil, err
	}
	params, err := o.params()
	if err != nil {
		return nil, err
	}
	t := &target{path: api.WebsocketPath, address: address(o.RPCServer, listening, api.DefaultPort(params.Net)), start: o.start}
	if o.TestNet || o.SimNet {
		t.net = params.Net
	}
	if o.Wallet != "" {
		t.path = api.WalletPath + url.PathEscape(o.Wallet)
	}
	if !o.NoTLS {
		if t.tls, err = o.pinned(t.address); err != nil {
			return nil, err
		}
	}
	if o.ClientCert != "" || o.ClientKey != "" {
		return t, o.present(t.tls)
	}
	t.user, t.password, err = o.credentials(params.Name)
	return t, err
}

// params returns the network that the options name.
func (o *options) params() (*chaincfg.Params, error) {
	switch {
	case o.TestNet && o.SimNet:
		return nil, usagef("--testnet and --simnet exclude each other")
	case o.TestNet:
		return chaincfg.TestNet3Params(), nil
	case o.SimNet:
		return chaincfg.SimNetParams(), nil
	}
	return chaincfg.MainNetParams(), nil
}

// networks returns all networks.
func networks() []*chaincfg.Params {
	return []*chaincfg.Params{chaincfg.MainNetParams(), chaincfg.TestNet3Params(), chaincfg.SimNetParams()}
}

// network returns the network with a name, nil if there is none.
func network(name string) *chaincfg.Params {
	for _, p := range networks() {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// address returns the host and port to dial: the named server, else the address on which the
// daemon listens, else this machine.
func address(server string, listening []string, defaultPort string) string {
	if server == "" && len(listening) > 0 {
		server = listening[0]
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil { // a bare host, IPv6 with or without brackets
		host = strings.TrimSuffix(strings.TrimPrefix(server, "["), "]")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if port == "" {
		port = defaultPort
	}
	return net.JoinHostPort(host, port)
}

// certificateFile returns the path of the daemon's certificate.
func (o *options) certificateFile() string { return string(o.RPCCert.or(o.AppData.join(api.CertFile))) }

// pinned returns a TLS configuration that trusts only the daemon's certificate. One that has expired
// is trusted on this machine, byte by byte, so that the daemon can be asked and stopped.
func (o *options) pinned(address string) (*tls.Config, error) {
	name := o.certificateFile()
	certs, err := readCertificates(name)
	if errors.Is(err, fs.ErrNotExist) && o.RPCCert == "" {
		return nil, fmt.Errorf("%w, and never was with this data directory: there is no certificate %s (start it: %s)", errNotRunning, name, o.start)
	}
	if err != nil {
		return nil, access(name, fmt.Errorf("read certificate %s: %w", name, err))
	}
	if expired, _ := certificate.Ended(certs[0], time.Now()); expired && loopback(address) {
		return &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: true, //nolint:gosec // the next line verifies
			VerifyConnection:   func(c tls.ConnectionState) error { return verifyBytes(c.PeerCertificates[0], name) },
		}, nil
	}
	roots := x509.NewCertPool()
	for _, cert := range certs {
		roots.AddCert(cert)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// readCertificates returns the certificates of a file, at least one.
func readCertificates(name string) ([]*x509.Certificate, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return certificate.Parse(content)
}

// verifyBytes returns an error unless a certificate is one of those in a file. The file is read again:
// the daemon renews a certificate that has expired when a client connects.
func verifyBytes(presented *x509.Certificate, name string) error {
	certs, err := readCertificates(name)
	if err != nil {
		return fmt.Errorf("read certificate %s: %w", name, err)
	}
	if !slices.ContainsFunc(certs, presented.Equal) {
		return fmt.Errorf("the certificate in %s has expired, and is not the one that the daemon has", name)
	}
	return nil
}

// loopback reports whether an address is one of this machine's own.
func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address) // made by JoinHostPort
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// present adds the client's certificate to the TLS configuration.
func (o *options) present(secure *tls.Config) error {
	switch {
	case o.ClientCert == "" || o.ClientKey == "":
		return usagef("--clientcert and --clientkey go together")
	case secure == nil:
		return usagef("--notls leaves no use for --clientcert")
	}
	pair, err := tls.LoadX509KeyPair(string(o.ClientCert), string(o.ClientKey))
	if err != nil {
		return fmt.Errorf("read certificate to present: %w", err)
	}
	secure.Certificates = []tls.Certificate{pair}
	return nil
}

// credentials returns user name and password: those of the options, else those of the cookie
// that the daemon writes for local tools.
func (o *options) credentials(network string) (user, password string, err error) {
	user, password = o.user(), o.secret()
	switch {
	case user != "" && password != "":
		return user, password, nil
	case user != "" || password != "":
		return "", "", usagef("--username and --password go together")
	}
	name := string(o.AppData.join(network, api.CookieFile))
	cookie, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("%w: there is no cookie %s (start it: %s, or give --username and --password)", errNotRunning, name, o.start)
	}
	if err != nil {
		return "", "", access(name, fmt.Errorf("read cookie: %w", err))
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(cookie)), ":")
	if !ok {
		return "", "", fmt.Errorf("read cookie %s: it is not of the form name:password", name)
	}
	return user, password, nil
}
