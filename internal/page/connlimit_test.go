package page

import (
	"net"
	"net/netip"
	"testing"
)

// remote is a connection from an address.
type remote struct {
	net.Conn
	addr   netip.AddrPort
	closed bool
}

func (r *remote) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(r.addr) }
func (r *remote) Close() error         { r.closed = true; return nil }

// arrivals is a listener to which connections come.
type arrivals struct {
	net.Listener
	next *remote
}

func (a *arrivals) Accept() (net.Conn, error) { return a.next, nil }

// TestConnectionsAreBounded: no source has more connections than its bound, all together
// have not either, and this machine finds room whatever others do.
func TestConnectionsAreBounded(t *testing.T) {
	var gs connLimit
	in := &arrivals{}
	l := gs.guard(in)
	accept := func(addr string) *remote {
		t.Helper()
		in.next = &remote{addr: netip.MustParseAddrPort(addr)}
		if _, err := l.Accept(); err != nil {
			t.Fatal(err)
		}
		return in.next
	}
	first, local := accept("10.0.0.1:1"), accept("127.0.0.1:1")
	for range mostOfSource {
		accept("10.0.0.1:2")
	}
	if !first.closed || local.closed || len(gs.conns) != mostOfSource+1 {
		t.Errorf("one source has %d connections", len(gs.conns)-1)
	}
	for n := range 2000 {
		ip := netip.AddrFrom4([4]byte{11, 0, byte(n >> 8), byte(n)})
		if n%2 == 0 {
			ip = netip.AddrFrom16([16]byte{0x20, 1, 7: byte(n), 6: byte(n >> 8), 15: byte(n)})
		}
		accept(netip.AddrPortFrom(ip, 1).String())
	}
	if len(gs.conns) != mostGuests+1 || local.closed {
		t.Errorf("%d connections, that of this machine closed: %v", len(gs.conns), local.closed)
	}
	for range 3 * mostGuests {
		accept("[::1]:1")
	}
	if len(gs.conns) != 2*mostGuests || !local.closed {
		t.Errorf("%d connections", len(gs.conns))
	}
	for len(gs.conns) > 0 {
		if err := gs.conns[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
}
