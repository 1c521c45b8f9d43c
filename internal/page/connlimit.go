package page

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// connLimit bounds the connections, of which nobody says who makes them: for a new one too
// many, the oldest of the source that has the most is closed. This machine has a bound of
// its own, so that nobody elsewhere can keep out a browser or a probe that runs here.
type connLimit struct {
	mu    sync.Mutex     // guards conns
	conns []*limitedConn // oldest first
}

// limitedConn is a connection. It leaves when it is closed.
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

// sourceOf returns what counts as one source: an address, of IPv6 its network of 64
// bits, nothing for this machine.
func sourceOf(remote net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(remote.String())
	if err != nil || at.Addr().Unmap().IsLoopback() {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // which has so many bits
	return p
}

// enter adds a connection, and returns the one that has to go for it, if one has.
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
		for _, c := range gs.conns { // of equal ones, who came first
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
