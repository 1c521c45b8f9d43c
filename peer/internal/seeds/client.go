package seeds

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// Limits on the answer of a seeder: it serves many clients and sends each a handful of
// addresses.
const (
	maxSeeds     = 16
	maxSeedBytes = 4096
	maxSeedTime  = time.Minute
)

// minVersion is the least protocol version of nodes that seeders are asked for: that of
// batched filters.
const minVersion = wire.BatchedCFiltersV2Version

// seed is one of the JSON objects a seeder sends.
type seed struct {
	Host            string `json:"host"` // host:port
	Services        uint64 `json:"services"`
	ProtocolVersion uint32 `json:"pver"`
}

// Client asks seeders for addresses of full nodes. It connects as the pool does,
// through the proxy if there is one, and then looks up no names.
type Client struct {
	Dial  func(ctx context.Context, addr string) (net.Conn, error)
	Roots *x509.CertPool // nil means the authorities of the system
	Now   func() time.Time
}

// Ask returns addresses of full nodes that speak batched filters, as one seeder knows them.
// The seeder is a host name, or host:port. The request ends with ctx, and after a minute at
// most. If the answer breaks off or takes too long, Ask returns the addresses that have
// arrived.
func (s *Client) Ask(ctx context.Context, seeder string) ([]addrbook.Announced, error) {
	ctx, cancel := context.WithTimeout(ctx, maxSeedTime)
	defer cancel()
	list, err := s.get(ctx, seeder)
	if err != nil {
		return nil, fmt.Errorf("ask seeder %s: %w", seeder, err)
	}
	return list, nil
}

// get makes the only request of a connection. It does not use a client of net/http, because
// that goes on dialling when the context has ended.
func (s *Client) get(ctx context.Context, seeder string) ([]addrbook.Announced, error) {
	query := url.Values{
		"services": {strconv.FormatUint(uint64(wire.SFNodeNetwork), 10)},
		"pver":     {strconv.FormatUint(uint64(minVersion), 10)},
	}
	u := url.URL{Scheme: "https", Host: seeder, Path: "/api/addrs", RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Close = true
	nc, err := s.dialTLS(ctx, u)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	if err := req.Write(nc); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(nc, 2*maxSeedBytes)), req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode/100 == 3:
		return nil, fmt.Errorf("it answers %s: a seeder must not redirect", resp.Status)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answers %s", resp.Status)
	}
	return decodeSeeds(resp.Body, s.Now())
}

// dialTLS connects to a seeder and verifies its certificate. It ends with ctx.
func (s *Client) dialTLS(ctx context.Context, u url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	raw, err := s.Dial(ctx, net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	nc := tls.Client(raw, &tls.Config{ServerName: u.Hostname(), RootCAs: s.Roots, MinVersion: tls.VersionTLS12})
	if err := nc.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return nc, nil
}

// decodeSeeds reads JSON objects, one after the other, up to the limits. Unusable nodes are
// left out.
func decodeSeeds(r io.Reader, now time.Time) ([]addrbook.Announced, error) {
	d := json.NewDecoder(io.LimitReader(r, maxSeedBytes))
	var list []addrbook.Announced
	for range maxSeeds {
		var s seed
		err := d.Decode(&s)
		if errors.Is(err, io.EOF) || err != nil && len(list) > 0 {
			break // the end, or the answer was cut off by the limit, the connection or the time
		}
		if err != nil {
			return nil, fmt.Errorf("read addresses: %w", err)
		}
		if wire.ServiceFlag(s.Services)&wire.SFNodeNetwork == 0 || s.ProtocolVersion < minVersion {
			continue
		}
		list = append(list, addrbook.Announced{Addr: s.Host, Services: s.Services, Seen: now})
	}
	return list, nil
}
