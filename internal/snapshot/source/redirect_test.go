package source

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// TestRedirects: none is followed from https to http, nor to services of this machine or of a
// private network that are not the source.
func TestRedirects(t *testing.T) {
	to := func(s string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		from, to string
		followed bool
	}{
		{"http://a.example/", "https://b.example/", true},
		{"http://a.example/", "http://b.example/", true},
		{"http://a.example/", "http://192.0.2.1/", true},
		{"http://127.0.0.1/", "http://127.0.0.1:81/other", true},
		{"http://box.local/", "http://box.local/other/", true},
		{"https://a.example/", "http://a.example/", false},
		{"http://a.example/", "http://127.0.0.1:9109/", false},
		{"http://a.example/", "http://[::1]/", false},
		{"http://a.example/", "http://[::ffff:10.0.0.1]/", false},
		{"http://a.example/", "http://169.254.169.254/", false},
		{"http://a.example/", "http://192.168.1.1/", false},
		{"http://a.example/", "http://0.0.0.0/", false},
		{"http://a.example/", "http://localhost./", false},
		{"http://a.example/", "http://Router/", false},
		{"http://a.example/", "http://box.local/", false},
		{"http://127.0.0.1/", "http://192.168.1.1/", false},
	} {
		if err := redirect(to(c.to), []*http.Request{to(c.from)}); (err == nil) != c.followed {
			t.Errorf("from %s to %s: %v", c.from, c.to, err)
		}
	}
}

// TestPermittedAddresses: what a name says is not what it leads to.
func TestPermittedAddresses(t *testing.T) {
	for _, c := range []struct {
		name  string
		hosts []string // each with the address that it leads to
		want  string   // a letter for each: permitted or refused
	}{
		{"a public source", []string{"a.example 192.0.2.1:80", "b.example 192.0.2.2:443"}, "pp"},
		{"a source in the house", []string{"a.example 10.0.0.1:80", "A.Example 10.0.0.1:80"}, "pp"},
		{"another host in the house", []string{"b.example 10.0.0.1:80"}, "r"},
		{"another host on this machine", []string{"b.example 127.0.0.1:80", "b.example [::1]:80", "b.example [::ffff:127.0.0.1]:80"}, "rrr"},
		{"another host of an overlay network", []string{"b.example 100.64.1.1:80"}, "r"},
		{"link-local", []string{"b.example 169.254.169.254:80", "b.example [fe80::1%eth0]:80"}, "rr"},
		{"a source that moves into the house", []string{"a.example 192.0.2.1:80", "a.example 10.0.0.1:80"}, "pr"},
		{"no address", []string{"a.example nonsense"}, "r"},
	} {
		d, got := &dialer{source: "a.example"}, ""
		for _, h := range c.hosts {
			host, address, _ := strings.Cut(h, " ")
			if d.permit(host, address) == nil {
				got += "p"
			} else {
				got += "r"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRedirectToANameOfTheHouse: a public name that leads to this machine is not asked.
func TestRedirectToANameOfTheHouse(t *testing.T) {
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(inside.Close)
	port := netip.MustParseAddrPort(inside.Listener.Addr().String()).Port()
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, fmt.Sprintf("http://files.example.com:%d%s", port, r.URL.Path), http.StatusFound)
	}))
	t.Cleanup(outside.Close)
	src, err := New(outside.URL, Config{Patience: time.Minute, resolver: toLoopback(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	const want = `the host "files.example.com" has the address 127.0.0.1`
	if _, _, err := src.Open(t.Context(), "simnet.json", 0); err == nil || !strings.Contains(err.Error(), want) || asked {
		t.Errorf("asked %v, got %v, want %s", asked, err, want)
	}
}

// toLoopback returns a resolver for which every name leads to 127.0.0.1.
func toLoopback(t *testing.T) *net.Resolver {
	var answering sync.WaitGroup
	t.Cleanup(answering.Wait)
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		answering.Go(func() { answerNames(theirs) })
		return ours, nil
	}}
}

// answerNames answers requests of a resolver, framed as over TCP.
func answerNames(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		request := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(request) != nil || len(m.Questions) != 1 {
			return
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
		}
		reply, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}
