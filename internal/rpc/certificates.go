package rpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/wait"
)

const (
	// reviewEvery is how often the files and the end of the certificates are checked while no
	// client connects.
	reviewEvery = time.Minute

	// renewAgain is how long after a failure the certificate is renewed again.
	renewAgain = time.Hour
)

// Codes of the warnings about certificates.
const (
	codeUnreadable = "certificate-unreadable"
	codeExpiry     = "certificate-expires"
	codeNames      = "certificate-lacks-names"
	codeClients    = "client-certificate-expires"
)

// Certificates keep a TLS configuration in step with its files, and renew the certificate of the
// server in time if spvd has made it. LoadTLS makes them.
type Certificates struct {
	files TLSFiles
	log   *slog.Logger

	mu      sync.Mutex
	stamps  [3]stamp // when the files were last read, well or not
	unread  error    // why they could not be read then
	facts   *tlsFacts
	issuers []*x509.Certificate // of clients, besides those of the files
	config  *tls.Config
	failed  time.Time // when the certificate could not be renewed, and why
	failure error
}

// stamp identifies one content of a file.
type stamp struct {
	modified time.Time
	size     int64
}

// Config returns the configuration of a listener. Changed files are read again when the next client
// connects; if that fails the configuration stays as it is.
func (c *Certificates) Config() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	outer := c.config.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current(), nil }
	return outer
}

// Run checks the files and the certificates until ctx ends, and then returns nil. It calls warn with
// all warnings that hold, at first and then every minute.
func (c *Certificates) Run(ctx context.Context, warn func([]api.Warning)) error {
	for {
		c.current()
		c.mu.Lock()
		list := c.warningsLocked()
		c.mu.Unlock()
		warn(list)
		if wait.For(ctx, reviewEvery) != nil {
			return nil
		}
	}
}

// Trust lets in clients with a certificate of one more issuer, see IssueClientCert.
func (c *Certificates) Trust(issuer *x509.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.issuers = append(c.issuers[:len(c.issuers):len(c.issuers)], issuer)
	c.config = c.facts.config(c.issuers)
}

// current returns the configuration for a client that connects now.
func (c *Certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if stamps := c.files.stamps(); stamps != c.stamps {
		c.stamps = stamps
		if c.unread = c.readLocked(); c.unread != nil { // for example between the writes of certificate and key
			c.log.Warn("RPC certificates have changed and cannot be read, the old ones stay", "err", c.unread)
		} else {
			c.log.Info("RPC certificates read again")
		}
	}
	c.renewInTimeLocked()
	return c.config
}

// readLocked reads the files. With an error nothing is changed.
func (c *Certificates) readLocked() error {
	facts, err := c.files.read()
	if err != nil {
		return err
	}
	c.facts, c.failure, c.failed = facts, nil, time.Time{}
	c.config = facts.config(c.issuers)
	return nil
}

// renewInTimeLocked renews a certificate that spvd has made and that ends soon. A failure is logged and
// remembered.
func (c *Certificates) renewInTimeLocked() {
	now := time.Now()
	_, soon := certificate.Ended(c.facts.pair.Leaf, now)
	if !soon || !c.facts.pair.Own || c.unread != nil || now.Sub(c.failed) < renewAgain {
		return
	}
	if err := c.renewLocked(true); err != nil {
		c.failure, c.failed = err, now
		c.log.Warn("The RPC certificate cannot be renewed", "err", err)
	}
}

// renewLocked renews the certificate, and reads it again.
func (c *Certificates) renewLocked(keep bool) error {
	was := c.facts.pair.Leaf
	if err := c.files.pair().Renew(c.facts.pair, c.files.Hosts, keep); err != nil {
		return fmt.Errorf("renew RPC certificate %s: %w", c.files.Cert, err)
	}
	c.stamps = c.files.stamps()
	if err := c.readLocked(); err != nil {
		return err
	}
	c.log.Info("RPC certificate renewed, its key stays: programs that have a copy need the new one", "path", c.files.Cert,
		"ended", was.NotAfter, "until", c.facts.pair.Leaf.NotAfter)
	return nil
}

// warningsLocked returns what users should know of the certificates.
func (c *Certificates) warningsLocked() (list []api.Warning) {
	now, leaf, path := time.Now(), c.facts.pair.Leaf, c.files.Cert
	if c.unread != nil {
		list = append(list, api.Warning{Code: codeUnreadable, Text: "The RPC certificates have changed and cannot be read: " + c.unread.Error() + ".",
			Hint: "The ones that were read before are used until then."})
	}
	switch _, soon := certificate.Ended(leaf, now); {
	case !soon && !now.Before(leaf.NotBefore):
	case c.failure != nil:
		list = append(list, api.Warning{Code: codeExpiry, Text: fmt.Sprintf("The RPC certificate %s %s and cannot be renewed: %v.", path, certificate.Term(leaf, now), c.failure),
			Hint: "It is tried again every hour: see that spvd may write the file."})
	case now.Before(leaf.NotBefore):
		list = append(list, api.Warning{Code: codeExpiry, Text: fmt.Sprintf("The RPC certificate %s %s.", path, certificate.Term(leaf, now)),
			Hint: "Check this machine's clock."})
	default:
		list = append(list, api.Warning{Code: codeExpiry, Text: fmt.Sprintf("The RPC certificate %s %s, and spvd has not made it.", path, certificate.Term(leaf, now)),
			Hint: "Replace it and its key: they are read again without a restart."})
	}
	if lacking := certificate.Lacking(leaf, c.files.Hosts); len(lacking) > 0 {
		hint := "Start spvd once with --renewcert: the key stays, and programs that have a copy of the certificate need the new one."
		if !c.facts.pair.Own {
			hint = "Have its issuer make a new one: spvd has not made it."
		}
		list = append(list, api.Warning{Code: codeNames, Text: fmt.Sprintf("The RPC certificate %s is not valid for %s, which --altdnsnames names.", path, strings.Join(lacking, ", ")), Hint: hint})
	}
	for _, cert := range c.facts.clients {
		if _, soon := certificate.Ended(cert, now); soon {
			list = append(list, api.Warning{Code: codeClients,
				Text: fmt.Sprintf("The client certificate %q in %s %s.", cert.Subject, c.files.ClientCAs, certificate.Term(cert, now)),
				Hint: "Replace it, or remove it from the file: that is read again without a restart."})
			break
		}
	}
	return list
}

// stamps returns the stamps of the files, zero for one that cannot be read.
func (f *TLSFiles) stamps() (stamps [3]stamp) {
	for i, path := range []string{f.Cert, f.Key, f.ClientCAs} {
		if info, err := os.Stat(path); err == nil {
			stamps[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return stamps
}
