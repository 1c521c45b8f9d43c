package seeds

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// aSeed is one object as seeders send it.
func aSeed(i int) string {
	return fmt.Sprintf(`{"host":"44.%d.0.1:9108","services":1,"pver":11}`, i)
}

// seederAt runs a seeder on loopback and returns a client that connects to it.
func seederAt(t *testing.T, handle http.HandlerFunc) *Client {
	server := httptest.NewTLSServer(handle)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &Client{
		Roots: roots,
		Now:   func() time.Time { return time.Unix(1_700_000_000, 0) },
		Dial: func(ctx context.Context, addr string) (net.Conn, error) {
			if addr != "example.com:443" { // what the certificate is for
				return nil, fmt.Errorf("dialled %s", addr)
			}
			return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
		},
	}
}

// TestSeeder checks the request, and the addresses accepted from the reply.
func TestSeeder(t *testing.T) {
	many := func(n int) (out string) {
		for i := range n {
			out += aSeed(i)
		}
		return out
	}
	for _, test := range []struct {
		name, reply string
		want        int
		fails       string
	}{
		{"none", "", 0, ""},
		{"some", many(3), 3, ""},
		{"on lines", strings.ReplaceAll(many(3), "}", "}\n"), 3, ""},
		{"as many as are read", many(16), 16, ""},
		{"too many", many(17), 16, ""},
		{"too large", aSeed(1) + strings.Repeat(" ", maxSeedBytes) + aSeed(2), 1, ""},
		{"cut off", many(2) + aSeed(3)[:20], 2, ""},
		{"old nodes", `{"host":"44.1.0.1:9108","services":1,"pver":10}` + aSeed(1), 1, ""},
		{"no full nodes", `{"host":"44.1.0.1:9108","services":2,"pver":11}` + aSeed(1), 1, ""},
		{"page", "<html>", 0, "invalid character"},
		{"list", "[" + aSeed(1) + "]", 0, "cannot unmarshal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := seederAt(t, func(w http.ResponseWriter, r *http.Request) {
				if got := r.Method + " " + r.URL.RequestURI(); got != "GET /api/addrs?pver=11&services=1" {
					t.Errorf("asked %s", got)
				}
				fmt.Fprint(w, test.reply)
			})
			list, err := client.Ask(t.Context(), "example.com")
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("error %v, want %q", err, test.fails)
			}
			if len(list) != test.want {
				t.Errorf("%d addresses, want %d", len(list), test.want)
			}
		})
	}
}

// TestSeederIsNotTrusted checks that no addresses are accepted from a seeder whose name is
// not proven, that fails or that redirects.
func TestSeederIsNotTrusted(t *testing.T) {
	served := false
	client := seederAt(t, func(w http.ResponseWriter, r *http.Request) { served = true; fmt.Fprint(w, aSeed(1)) })
	client.Roots = x509.NewCertPool()
	if list, err := client.Ask(t.Context(), "example.com"); err == nil || served {
		t.Errorf("without a proven name: %v, %v", list, err)
	}
	client = seederAt(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, aSeed(1), http.StatusInternalServerError) })
	if list, err := client.Ask(t.Context(), "example.com"); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("with a failure: %v, %v", list, err)
	}
	client = seederAt(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", http.StatusFound) })
	if list, err := client.Ask(t.Context(), "example.com"); err == nil || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("redirected: %v, %v", list, err)
	}
}

// FuzzSeeds checks that no reply of a seeder breaks the limits, and that the book accepts the
// addresses of every accepted reply.
func FuzzSeeds(f *testing.F) {
	f.Add([]byte(aSeed(1) + aSeed(2)))
	f.Add([]byte(`{"host":"[2a00::1]:9108","services":18446744073709551615,"pver":12}`))
	f.Add([]byte(`{"host":null}{`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		now, cfg := time.Unix(1_700_000_000, 0), addrbook.Config{Onion: true, Port: 9108}
		b := addrbook.New(cfg, rand.New(rand.NewPCG(1, 0)))
		list, err := decodeSeeds(bytes.NewReader(raw), now)
		if len(list) > maxSeeds || err != nil && list != nil {
			t.Fatalf("%d addresses with %v", len(list), err)
		}
		b.Learn("example.org:443", list, now)
		again := addrbook.New(cfg, rand.New(rand.NewPCG(1, 0)))
		again.Restore(b.Entries(), now)
		if !reflect.DeepEqual(again.Entries(), b.Entries()) {
			t.Errorf("%+v became %+v", b.Entries(), again.Entries())
		}
	})
}
