package rpc

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// idle holds the connections that have had a reply and wait for the next request. Those whose
// client has not authenticated are closed after the reply, and so are never among them.
type idle struct {
	most int

	mu    sync.Mutex // guards conns
	conns []net.Conn // the one that has waited longest first
}

// watch tracks the state of a connection, below TLS. If too many wait it closes the one that has
// waited longest: a client that keeps connections open has to expect that, and opens another.
func (i *idle) watch(conn net.Conn, state http.ConnState) {
	if out := i.change(conn, state == http.StateIdle); out != nil {
		out.Close()
	}
}

// change records whether a connection waits, and returns one to close, nil if there is room.
func (i *idle) change(conn net.Conn, waits bool) (out net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at := slices.Index(i.conns, conn); at >= 0 {
		i.conns = slices.Delete(i.conns, at, at+1)
	}
	if waits {
		i.conns = append(i.conns, conn)
	}
	if len(i.conns) <= i.most {
		return nil
	}
	out = i.conns[0]
	i.conns = slices.Delete(i.conns, 0, 1)
	return out
}
