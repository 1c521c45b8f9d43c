package testnet

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/wire"
)

// Seeder answers requests for addresses over HTTPS, as dcrseeder does, in memory.
type Seeder struct {
	// Roots certify it.
	Roots *x509.CertPool

	cert  tls.Certificate
	addrs func() []string
	asked atomic.Int64
}

// NewSeeder returns a seeder with a name and a certificate of its own. It answers with the
// addresses that the function returns.
func NewSeeder(name string, addrs func() []string) (*Seeder, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make seeder: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:         true,

		BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make seeder: %w", err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("make seeder: %w", err)
	}
	s := &Seeder{Roots: x509.NewCertPool(), cert: tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, addrs: addrs}
	s.Roots.AddCert(cert)
	return s, nil
}

// Asked returns how often it was connected to.
func (s *Seeder) Asked() int { return int(s.asked.Load()) }

// AddSeeder makes a seeder reachable at an address of the form name:port.
func (n *Network) AddSeeder(addr string, s *Seeder) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seeders[addr] = s
}

// dialSeeder connects to a seeder. It returns nil if there is none at the address.
func (n *Network) dialSeeder(addr string) net.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ctx := n.seeders[addr], n.running
	if s == nil || ctx == nil {
		return nil
	}
	near, far := net.Pipe()
	n.serving.Go(func() {
		stop := context.AfterFunc(ctx, func() { far.Close() })
		defer stop()
		if err := s.serve(far); err != nil {
			n.log.Debug("seeder ended", "addr", addr, "err", err)
		}
	})
	return near
}

// serve answers one request.
func (s *Seeder) serve(raw net.Conn) error {
	s.asked.Add(1)
	defer raw.Close()
	nc := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12})
	if _, err := http.ReadRequest(bufio.NewReader(nc)); err != nil {
		return err
	}
	var body strings.Builder
	for _, addr := range s.addrs() {
		fmt.Fprintf(&body, `{"host":%q,"services":%d,"pver":%d}`+"\n", addr, wire.SFNodeNetwork, wire.BatchedCFiltersV2Version)
	}
	_, err := fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", body.Len(), body.String())
	return err
}
