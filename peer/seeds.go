package peer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/decred/dcrd/wire"
)

// Limits on what a seeder may send: they are asked by everybody and answer with a
// handful of addresses.
const (
	maxSeeds     = 16
	maxSeedBytes = 4096
	maxSeedTime  = time.Minute
)

// seed is one of the JSON objects a seeder sends.
type seed struct {
	Host            string `json:"host"` // host:port
	Services        uint64 `json:"services"`
	ProtocolVersion uint32 `json:"pver"`
}

// seederClient asks seeders for addresses of full nodes. It connects as the pool
// does, through the proxy if there is one, so that names are not looked up here.
type seederClient struct {
	dial  dialFunc
	roots *x509.CertPool // nil for those of the system
	now   func() time.Time
}

// ask returns the addresses that one seeder knows of full nodes that speak
// batched filters. The seeder is a host name, or host:port.
func (s *seederClient) ask(ctx context.Context, seeder string) ([]Told, error) {
	ctx, cancel := context.WithTimeout(ctx, maxSeedTime)
	defer cancel()
	query := url.Values{
		"services": {strconv.FormatUint(uint64(wire.SFNodeNetwork), 10)},
		"pver":     {strconv.FormatUint(uint64(minVersion), 10)},
	}
	u := url.URL{Scheme: "https", Host: seeder, Path: "/api/addrs", RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask seeder %s: %w", seeder, err)
	}
	transport := &http.Transport{
		DialContext:            s.dial,
		TLSClientConfig:        &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxSeedBytes,
	}
	client := &http.Client{Transport: transport, CheckRedirect: noRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask seeder: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask seeder %s: it answers %s", seeder, resp.Status)
	}
	told, err := decodeSeeds(resp.Body, s.now())
	if err != nil {
		return nil, fmt.Errorf("ask seeder %s: %w", seeder, err)
	}
	return told, nil
}

// noRedirect lets no seeder send us elsewhere.
func noRedirect(*http.Request, []*http.Request) error {
	return errors.New("a seeder must not redirect")
}

// decodeSeeds reads JSON objects, one after the other, up to the limits. Those of
// nodes that are of no use are left out.
func decodeSeeds(r io.Reader, now time.Time) ([]Told, error) {
	d := json.NewDecoder(io.LimitReader(r, maxSeedBytes))
	var told []Told
	for range maxSeeds {
		var s seed
		err := d.Decode(&s)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && len(told) > 0 {
			break // cut off where the limit is, or by the line
		}
		if err != nil {
			return nil, fmt.Errorf("read addresses: %w", err)
		}
		if wire.ServiceFlag(s.Services)&wire.SFNodeNetwork == 0 || s.ProtocolVersion < minVersion {
			continue
		}
		told = append(told, Told{Addr: s.Host, Services: s.Services, Seen: now})
	}
	return told, nil
}
