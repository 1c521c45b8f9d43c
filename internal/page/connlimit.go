package page

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// connLimit bounds the connections, which need no password. When there are too many, the
// oldest of the source with most connections is closed for a new one. Connections from this
// machine have a limit of their own, so that no other machine can keep out a browser or a
// probe that runs here.
type connLimit struct {
	mu    sync.Mutex     // guards conns
	conns []*limitedConn // oldest first
}

// limitedConn is a connection that counts against the limit until it is closed.
type limitedConn struct {
	net.Conn
	from  netip.Prefix // invalid for this machine
	limit *connLimit
}

// Close implements net.Conn.
func (g *limitedConn) Close() error {
	g.limit.leave(g)
	return g.Conn.Close()
}

// guard returns a listener whose connections are bounded.
func (gs *connLimit) guard(l net.Listener) net.Listener { return guarded{l, gs} }

type guarded struct {
	net.Listener
	limit *connLimit
}

// Accept implements net.Listener.
func (l guarded) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := &limitedConn{Conn: conn, from: sourceOf(conn.RemoteAddr()), limit: l.limit}
	if out := l.limit.enter(g); out != nil {
		out.Close()
	}
	return g, nil
}

// sourceOf returns the source of a connection: an IPv4 address, the network of 64 bits of an
// IPv6 address, the zero value for this machine.
func sourceOf(remote net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil || at.Addr().Unmap().IsLoopback() {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // ip has at least so many bits
	return p
}

// enter adds a connection, and returns the one to close in its favour, nil if there is room.
func (gs *connLimit) enter(g *limitedConn) *limitedConn {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.conns = append(gs.conns, g)
	here := netip.Prefix{}
	count, others := make(map[netip.Prefix]int), 0
	for _, c := range gs.conns {
		if count[c.from]++; c.from != here {
			others++
		}
	}
	crowd := g.from
	switch {
	case g.from == here:
		if count[here] <= mostGuests {
			return nil
		}
	case count[g.from] > mostOfSource:
	case others <= mostGuests:
		return nil
	default:
		for _, c := range gs.conns { // of equal ones the oldest
			if c.from != here && count[c.from] > count[crowd] {
				crowd = c.from
			}
		}
	}
	i := slices.IndexFunc(gs.conns, func(c *limitedConn) bool { return c.from == crowd })
	out := gs.conns[i]
	gs.conns = slices.Delete(gs.conns, i, i+1)
	return out
}

func (gs *connLimit) leave(g *limitedConn) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	gs.conns = slices.DeleteFunc(gs.conns, func(c *limitedConn) bool { return c == g })
}
