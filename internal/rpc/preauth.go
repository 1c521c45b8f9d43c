package rpc

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
)

// preauth holds the connections that have not authenticated yet. It refuses none: when it is
// full, the oldest connection of the source with most connections is closed. Connections from
// this machine have a limit of their own, so that others cannot displace them.
type preauth struct {
	most, each int // connections from this machine, or from all others together; from one other source

	mu    sync.Mutex    // guards conns
	conns []pendingConn // oldest first
}

// pendingConn is a connection that has not authenticated, below TLS.
type pendingConn struct {
	conn net.Conn
	from source // zero for this machine
}

// guard returns a listener whose connections are held until they authenticate or close.
func (l *preauth) guard(inner net.Listener) net.Listener { return guarded{inner, l} }

type guarded struct {
	net.Listener
	preauth *preauth
}

// Accept implements net.Listener.
func (g guarded) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if out := g.preauth.enter(pendingConn{belowTLS(conn), preauthSource(conn.RemoteAddr().String())}); out != nil {
		out.Close()
	}
	return conn, nil
}

// enter adds a connection. It returns the one to close for it, nil if there is room.
func (l *preauth) enter(g pendingConn) (out net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, g)
	crowd, full := l.crowdLocked(g.from)
	if !full {
		return nil
	}
	i := slices.IndexFunc(l.conns, func(g pendingConn) bool { return g.from == crowd })
	out = l.conns[i].conn
	l.conns = slices.Delete(l.conns, i, i+1)
	return out
}

// crowdLocked returns the source whose oldest connection is to be closed for a new one, if there
// are too many. The caller holds the lock.
func (l *preauth) crowdLocked(from source) (crowd source, full bool) {
	here := source{}
	count, others := make(map[source]int), 0
	for _, g := range l.conns {
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
	for _, g := range l.conns { // of equal ones the oldest
		if count[g.from] > count[crowd] {
			crowd = g.from
		}
	}
	return crowd, true
}

// leave removes a connection that is closed or authenticated.
func (l *preauth) leave(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = slices.DeleteFunc(l.conns, func(g pendingConn) bool { return g.conn == conn })
}

// holds reports whether a connection has not authenticated.
func (l *preauth) holds(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.conns, func(g pendingConn) bool { return g.conn == conn })
}

// watch tracks the state of a connection. A connection that has become a websocket leaves
// when the websocket ends.
func (l *preauth) watch(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		l.leave(belowTLS(conn))
	}
}

// closing closes connections after their reply unless they have authenticated.
func (l *preauth) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.holds(connOf(r)) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// authenticated removes the connection of a request.
func (l *preauth) authenticated(w http.ResponseWriter, r *http.Request) {
	l.leave(connOf(r))
	w.Header().Del("Connection")
}

// preauthSource returns the source of a remote address: the zero value for this machine
// and for what is no network address.
func preauthSource(remote string) source {
	if at, err := netip.ParseAddrPort(remote); err == nil && at.Addr().Unmap().IsLoopback() {
		return source{}
	}
	return sourceOf(remote)
}
