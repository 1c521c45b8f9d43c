package rpc

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// slots bounds the number of concurrent holders.
type slots chan struct{}

// take returns false if all slots are taken.
func (s slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) free() { <-s }

// places bounds what clients occupy together. Clients that may only read, or only use some wallets,
// have half of it: they are not trusted with the rest, which others need.
type places struct{ all, restricted slots }

func newPlaces(n int) places { return places{make(slots, n), make(slots, (n+1)/2)} }

// take returns false if all places are taken that a client with these rights may have.
func (p places) take(of grant) bool {
	if of.isRestricted() && !p.restricted.take() {
		return false
	}
	if p.all.take() {
		return true
	}
	if of.isRestricted() {
		p.restricted.free()
	}
	return false
}

func (p places) free(of grant) {
	p.all.free()
	if of.isRestricted() {
		p.restricted.free()
	}
}

// sessions holds the connections that have left the HTTP server.
type sessions struct {
	wg sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
}

// enter adds the connection of a request. It returns false once the server is stopping.
func (s *sessions) enter(r *http.Request) (leave func(), ok bool) {
	conn := connOf(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false
	}
	if s.conns == nil {
		s.conns = make(map[net.Conn]struct{})
	}
	s.conns[conn] = struct{}{}
	s.wg.Add(1)
	return func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		s.wg.Done()
	}, true
}

// drain refuses new connections and waits until all have left. It cuts off the rest when ctx
// ends.
func (s *sessions) drain(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var cutter sync.WaitGroup
	cutter.Go(func() {
		<-ctx.Done()
		s.cut()
	})
	s.wg.Wait()
	cancel()
	cutter.Wait()
}

// cut closes the connections, whatever they are doing.
func (s *sessions) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

// connKey is the context key of the connection of a request.
type connKey struct{}

// withConn stores the connection in the context of its requests: the one below TLS, because
// TLS would try to send an alert before it closes.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, belowTLS(conn))
}

// belowTLS returns the connection below TLS, or the connection itself without TLS.
func belowTLS(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}

func connOf(r *http.Request) net.Conn {
	return r.Context().Value(connKey{}).(net.Conn)
}
