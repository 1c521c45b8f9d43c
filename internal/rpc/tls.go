package rpc

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/regular"
)

// TLSFiles are the files that a server's TLS configuration is read from.
type TLSFiles struct {
	// Cert and Key are the server's certificate and its key. If neither file exists LoadTLS
	// writes a self-signed pair that is valid for this machine's addresses, localhost and the
	// additional Hosts. It is an error if only one of them exists, and that file is not
	// changed.
	Cert, Key string
	Hosts     []string

	// Renew has LoadTLS renew a certificate that is not valid for an address of this machine or
	// one of the Hosts. It is an error if spvd has not made the certificate.
	Renew bool

	// ClientCAs holds certificates of clients, or of their issuers: a client that presents
	// one needs no password. Empty means that clients are not asked for any.
	ClientCAs string

	// Issuer is one more issuer of client certificates, see IssueClientCert; nil is none.
	Issuer *x509.Certificate
}

// LoadTLS reads the files, and makes or renews the certificate where that is due.
func LoadTLS(files TLSFiles, log *slog.Logger) (*Certificates, error) {
	pair := files.pair()
	if err := pair.Ensure(files.Hosts); err != nil {
		return nil, fmt.Errorf("load RPC certificate: %w", err)
	}
	c := &Certificates{files: files, log: log, stamps: files.stamps()} // before reading: a change in between is found later
	c.mu.Lock()
	defer c.mu.Unlock()
	if files.Issuer != nil {
		c.issuers = []*x509.Certificate{files.Issuer}
	}
	if err := c.readLocked(); err != nil {
		return nil, err
	}
	if files.Renew {
		if err := c.renewNamesLocked(); err != nil {
			return nil, err
		}
	}
	c.renewInTimeLocked()
	return c, nil
}

// pair returns the paths of the certificate and its key.
func (f *TLSFiles) pair() certificate.Files { return certificate.Files{Cert: f.Cert, Key: f.Key} }

// tlsFacts are what the files say.
type tlsFacts struct {
	pair    *certificate.Pair
	clients []*x509.Certificate // of ClientCAs
}

// read reads the files.
func (f *TLSFiles) read() (*tlsFacts, error) {
	pair, err := f.pair().Read()
	if err != nil {
		return nil, fmt.Errorf("load RPC certificate %s and key %s: %w", f.Cert, f.Key, err)
	}
	facts := &tlsFacts{pair: pair}
	if f.ClientCAs == "" {
		return facts, nil
	}
	pem, err := regular.Read(f.ClientCAs)
	if err != nil {
		return nil, fmt.Errorf("load RPC client certificates: %w", err)
	}
	if facts.clients, err = certificate.Parse(pem); err != nil {
		return nil, fmt.Errorf("load RPC client certificates %s: %w", f.ClientCAs, err)
	}
	return facts, nil
}

// config returns the TLS configuration that follows from the files and further issuers of client
// certificates.
func (f *tlsFacts) config(issuers []*x509.Certificate) *tls.Config {
	config := &tls.Config{
		Certificates: []tls.Certificate{f.pair.Certificate},
		MinVersion:   tls.VersionTLS12,
	}
	if len(f.clients)+len(issuers) == 0 {
		return config
	}
	config.ClientCAs = x509.NewCertPool()
	for _, cert := range append(issuers[:len(issuers):len(issuers)], f.clients...) {
		config.ClientCAs.AddCert(cert)
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	// A resumed session would carry the trust of an earlier file with it.
	config.SessionTicketsDisabled = true
	return config
}

// renewNamesLocked renews the certificate if it lacks a name or address.
func (c *Certificates) renewNamesLocked() error {
	machine, err := certificate.MachineHosts()
	if err != nil {
		return fmt.Errorf("renew RPC certificate: %w", err)
	}
	leaf := c.facts.pair.Leaf
	lacking := certificate.Lacking(leaf, append(machine, c.files.Hosts...))
	if len(lacking) == 0 {
		c.log.Info("The RPC certificate is valid for all names and addresses, and was not renewed", "path", c.files.Cert, "until", leaf.NotAfter)
		return nil
	}
	err = c.renewLocked(false)
	if errors.Is(err, certificate.ErrForeign) {
		return fmt.Errorf("renew RPC certificate %s: %w, and it is not valid for %s: have its issuer make a new one, or remove it and its key %s to have both made",
			c.files.Cert, err, lacking[0], c.files.Key)
	}
	return err
}
