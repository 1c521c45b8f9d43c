package rpc

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
)

// lobby holds the connections on which nobody has said yet who they are. It is
// closed to nobody: when it is full, the oldest connection of the source that has
// the most makes room for a new one. This machine has a room of its own, so that
// nobody elsewhere can keep out who is here.
type lobby struct {
	most, each int // connections from this machine, or from all others together; from one other source

	mu     sync.Mutex // guards guests
	guests []guest    // oldest first
}

// guest is a connection in the lobby, below TLS.
type guest struct {
	conn net.Conn
	from source // zero for this machine
}

// guard returns a listener whose connections are in the lobby until they leave.
func (l *lobby) guard(inner net.Listener) net.Listener { return guarded{inner, l} }

type guarded struct {
	net.Listener
	lobby *lobby
}

// Accept implements net.Listener.
func (g guarded) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if out := g.lobby.enter(guest{belowTLS(conn), guestSource(conn.RemoteAddr().String())}); out != nil {
		out.Close()
	}
	return conn, nil
}

// enter takes a guest in. It returns the connection that makes room, nil if none
// has to.
func (l *lobby) enter(g guest) (out net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests = append(l.guests, g)
	crowd, full := l.crowd(g.from)
	if !full {
		return nil
	}
	i := slices.IndexFunc(l.guests, func(g guest) bool { return g.from == crowd })
	out = l.guests[i].conn
	l.guests = slices.Delete(l.guests, i, i+1)
	return out
}

// crowd returns the source that has to make room for one from another, or for
// itself, if there are too many. The caller holds the lock.
func (l *lobby) crowd(from source) (crowd source, full bool) {
	here := source{}
	count, others := make(map[source]int), 0
	for _, g := range l.guests {
		if count[g.from]++; g.from != here {
			others++
		}
	}
	switch {
	case from == here:
		return here, count[here] > l.most
	case count[from] > l.each:
		return from, true
	case others <= l.most:
		return from, false
	}
	delete(count, here)
	for _, g := range l.guests { // of equal ones, who came first
		if count[g.from] > count[crowd] {
			crowd = g.from
		}
	}
	return crowd, true
}

// leave removes a connection that is closed, or whose client is known now.
func (l *lobby) leave(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests = slices.DeleteFunc(l.guests, func(g guest) bool { return g.conn == conn })
}

// holds reports whether a connection is in the lobby.
func (l *lobby) holds(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.guests, func(g guest) bool { return g.conn == conn })
}

// watch follows the state of a connection. One that has become a websocket leaves
// when that ends.
func (l *lobby) watch(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		l.leave(belowTLS(conn))
	}
}

// closing has connections closed after their answer, unless their client is known:
// what asks for nothing that needs a password keeps none open either.
func (l *lobby) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.holds(connOf(r)) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// known takes the client of a request out of the lobby.
func (l *lobby) known(w http.ResponseWriter, r *http.Request) {
	l.leave(connOf(r))
	w.Header().Del("Connection")
}

// guestSource returns the source of a remote address. That of this machine is the
// zero value, as is what is no network address.
func guestSource(remote string) source {
	if at, err := netip.ParseAddrPort(remote); err == nil && at.Addr().Unmap().IsLoopback() {
		return source{}
	}
	return sourceOf(remote)
}
