package socks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// socksAt runs a script for each connection to an address on loopback.
func socksAt(t *testing.T, script func(nc net.Conn)) *Proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer nc.Close()
				script(nc)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	p, err := New(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// read reads n bytes.
func read(nc net.Conn, n int) []byte {
	b := make([]byte, n)
	n, _ = io.ReadFull(nc, b)
	return b[:n]
}

// TestProxyBytes compares the bytes sent to a proxy with RFC 1928 and 1929, for each type of
// address, and checks that the first bytes from behind the proxy are not lost.
func TestProxyBytes(t *testing.T) {
	for _, test := range []struct {
		addr string
		want string // of the request, from the type of the address on
	}{
		{"name.example:9108", "\x03\x0cname.example\x23\x94"},
		{"1.2.3.4:9108", "\x01\x01\x02\x03\x04\x23\x94"},
		{"[::1]:9108", "\x04" + strings.Repeat("\x00", 15) + "\x01\x23\x94"},
	} {
		seen := make(chan string, 2)
		p := socksAt(t, func(nc net.Conn) {
			if hello := read(nc, 4); string(hello) != "\x05\x02\x00\x02" {
				t.Errorf("hello %x", hello)
			}
			nc.Write([]byte{5, 2})
			head := read(nc, 2)
			user := read(nc, int(head[1]))
			password := read(nc, int(read(nc, 1)[0]))
			seen <- string(user) + string(password)
			nc.Write([]byte{1, 0})
			if request := read(nc, 3+len(test.want)); string(request) != "\x05\x01\x00"+test.want {
				t.Errorf("%s: request %q", test.addr, request)
			}
			nc.Write([]byte("\x05\x00\x00\x03\x03abc\x00\x50hello"))
		})
		for range 2 {
			nc, err := p.Dial(t.Context(), "tcp", test.addr)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(nc, 5); string(got) != "hello" {
				t.Errorf("read %q", got)
			}
			nc.Close()
		}
		if a, b := <-seen, <-seen; a == b || len(a) < 32 {
			t.Errorf("credentials %q and %q", a, b)
		}
	}
}

// TestProxyFails checks the errors for a proxy that refuses, and for a server that is no
// proxy.
func TestProxyFails(t *testing.T) {
	for reply, want := range map[string]string{
		"HT":                                   "does not speak SOCKS5",
		"\x05\xff":                             "authentication",
		"\x05\x02\x01\x01":                     "refuses credentials",
		"\x05\x00\x05\x05\x00\x01\x00":         "connection refused",
		"\x05\x00\x05\x63\x00\x01\x00":         "failure 99",
		"\x05\x00\x05\x00\x00\x09\x00":         "type 9",
		"\x05\x00\x05\x00\x00\x01\x00\x00\x00": "EOF",
		"":                                     "EOF",
	} {
		p := socksAt(t, func(nc net.Conn) {
			read(nc, 4)
			io.WriteString(nc, reply)
			nc.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, nc)
		})
		nc, err := p.Dial(t.Context(), "tcp", "name.example:1")
		if err == nil {
			nc.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("reply %q: %v, want %q", reply, err, want)
		}
	}
}

// TestProxyHangs checks that a dial ends with its context while the proxy sends nothing.
func TestProxyHangs(t *testing.T) {
	p := socksAt(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Dial(ctx, "tcp", "name.example:1"); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestProxyAddress checks that only the address of a proxy that needs no look-up is accepted.
func TestProxyAddress(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:9050":          "127.0.0.1:9050",
		"localhost:9050":          "127.0.0.1:9050",
		"socks5://127.0.0.1:9050": "127.0.0.1:9050", "socks5h://localhost:9050/": "127.0.0.1:9050",
		"[::1]:9050":  "[::1]:9050",
		"tor:9050":    "",
		"127.0.0.1":   "",
		"127.0.0.1:0": "",
		"":            "",
	} {
		p, err := New(addr)
		if (err == nil) != (want != "") || err == nil && p.String() != want {
			t.Errorf("%q: %v, %v, want %q", addr, p, err, want)
		}
	}
}

// FuzzProxyReply checks that, whatever a proxy replies, no bytes after the reply are read.
func FuzzProxyReply(f *testing.F) {
	f.Add([]byte("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50rest"))
	f.Add([]byte("\x05\x00\x00\x03\x00\x00\x50"))
	f.Add([]byte("\x05\x05\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bytes.NewReader(raw)
		err := readSocksReply(r)
		if used := len(raw) - r.Len(); err == nil && used > 5+255+2 {
			t.Errorf("%d bytes of a reply", used)
		}
	})
}
