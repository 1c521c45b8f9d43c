package main

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/settings"
)

// fakeProxy is a SOCKS5 proxy on loopback that reaches the hosts it was told of
// and refuses all others. It notes what it is asked for.
type fakeProxy struct {
	addr  string
	hosts map[string]string // where a host:port really is

	mu      sync.Mutex
	asked   []string
	changed chan struct{} // closed and replaced by every request
	users   map[string]bool
}

// startProxy runs a proxy until the test ends.
func startProxy(t *testing.T, hosts map[string]string) *fakeProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &fakeProxy{addr: l.Addr().String(), hosts: hosts, changed: make(chan struct{}), users: make(map[string]bool)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { nc.Close() })
			wg.Go(func() {
				defer stop()
				defer nc.Close()
				p.serve(ctx, nc)
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		l.Close()
		wg.Wait()
	})
	return p
}

// serve answers one connection. One that ends before it has named an address is no request.
func (p *fakeProxy) serve(ctx context.Context, nc net.Conn) {
	var broken error
	read := func(n int) []byte {
		b := make([]byte, n)
		if broken == nil {
			_, broken = io.ReadFull(nc, b)
		}
		return b
	}
	read(int(read(2)[1]))
	nc.Write([]byte{5, 2})
	user := string(read(int(read(2)[1])))
	password := string(read(int(read(1)[0])))
	nc.Write([]byte{1, 0})
	var host string
	switch head := read(4); head[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 4:
		host = net.IP(read(16)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	}
	port := read(2)
	if broken != nil {
		return
	}
	addr := net.JoinHostPort(host, strconv.Itoa(int(port[0])<<8|int(port[1])))
	p.note(addr, user+password)
	far, err := new(net.Dialer).DialContext(ctx, "tcp", p.hosts[addr])
	if err != nil {
		nc.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	defer far.Close()
	nc.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	var wg sync.WaitGroup
	wg.Go(func() {
		io.Copy(far, nc)
		far.Close()
	})
	io.Copy(nc, far)
	nc.Close()
	wg.Wait()
}

func (p *fakeProxy) note(addr, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, addr)
	p.users[user] = true
	close(p.changed)
	p.changed = make(chan struct{})
}

// separates checks that there were requests, each with credentials of its own. A daemon that has ended may
// still have left some to be read.
func (p *fakeProxy) separates(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) == 0 || len(p.users) != len(p.asked) {
		t.Errorf("%d different credentials for %d connections", len(p.users), len(p.asked))
	}
}

// await waits until the proxy was asked for an address.
func (p *fakeProxy) await(t *testing.T, addr string) {
	t.Helper()
	for {
		p.mu.Lock()
		asked, changed := slices.Contains(p.asked, addr), p.changed
		p.mu.Unlock()
		if asked {
			return
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatalf("the proxy was never asked for %s", addr)
		}
	}
}

// forbidLookups fails the test when anything in the process asks the system for a
// name until it ends.
func forbidLookups(t *testing.T) {
	t.Helper()
	resolver := net.DefaultResolver
	preferGo, dialer := resolver.PreferGo, resolver.Dial
	t.Cleanup(func() { resolver.PreferGo, resolver.Dial = preferGo, dialer })
	var tried atomic.Bool
	resolver.PreferGo = true
	resolver.Dial = func(context.Context, string, string) (net.Conn, error) {
		tried.Store(true)
		return nil, errors.New("no look-ups in this test")
	}
	if _, err := resolver.LookupHost(t.Context(), "node.example"); err == nil || !tried.Load() {
		t.Fatalf("look-ups are not noticed: %v", err)
	}
	resolver.Dial = func(_ context.Context, _, addr string) (net.Conn, error) {
		t.Errorf("a name is looked up at %s", addr)
		return nil, errors.New("no look-ups in this test")
	}
}

// TestProxyIsTheOnlyWay checks that with a proxy every connection goes through it,
// under names that only the proxy knows, and each with credentials of its own; an
// address that is right next to us is not dialled directly.
func TestProxyIsTheOnlyWay(t *testing.T) {
	ns := serveNodes(t, 2)
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := canary.Accept(); err == nil {
			t.Error("a peer was dialled around the proxy")
		}
	})
	defer wg.Wait()
	defer canary.Close()

	const onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:18555"
	proxy := startProxy(t, map[string]string{
		"node.example:18555": strings.TrimPrefix(ns.flags[0], "--connect="),
		onion:                strings.TrimPrefix(ns.flags[1], "--connect="),
	})
	forbidLookups(t)
	ns.flags = []string{"--addpeer=node.example", "--addpeer=" + onion, "--addpeer=" + canary.Addr().String()}
	d, c := ns.startSynced(t, t.TempDir(), "--proxy="+proxy.addr)
	var peers []api.PeerInfo
	if err := c.call(t, "getpeerinfo", &peers); err != nil || len(peers) != 2 {
		t.Errorf("peers %+v, %v", peers, err)
	}
	var network api.NetworkInfo
	if err := c.call(t, "getnetworkinfo", &network); err != nil || network.Networks[2].Proxy != proxy.addr || !network.Networks[2].Reachable {
		t.Errorf("network %+v, %v", network, err)
	}
	proxy.await(t, canary.Addr().String())
	d.stop()
	d.end()
	proxy.separates(t)
}

// TestSeedersAreAskedThroughTheProxy checks that the names of seeders are the
// proxy's to look up as well.
func TestSeedersAreAskedThroughTheProxy(t *testing.T) {
	proxy := startProxy(t, nil)
	forbidLookups(t)
	dir := t.TempDir()
	d := startDaemon(t, "--simnet=false", "--testnet", "--notls", "--nofilelogging", "--appdata", dir, "--proxy="+proxy.addr)
	for _, seeder := range testNetSeeders() {
		proxy.await(t, seeder+":443")
	}
	d.stop()
	if code := d.end(); code != exitClean {
		t.Errorf("exit code %d", code)
	}
}

func testNetSeeders() []string {
	return (&settings.Config{TestNet: true}).Network().Params().ChainParams.Seeders()
}
