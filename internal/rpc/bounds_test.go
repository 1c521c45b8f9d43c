package rpc

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
)

func TestNobodyEntersAfterDrain(t *testing.T) {
	inner, other := net.Pipe()
	defer other.Close()
	r, err := http.NewRequestWithContext(withConn(t.Context(), inner), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	var s sessions
	leave, ok := s.enter(r)
	if !ok {
		t.Fatal("not let in")
	}
	leave()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.drain(ended)
	if _, ok := s.enter(r); ok {
		t.Error("let in after drain")
	}
	inner.Close()
}

// A connection is cut below TLS, which says good-bye before it closes.
func TestConnectionBelowTLS(t *testing.T) {
	inner, other := net.Pipe()
	defer inner.Close()
	defer other.Close()
	r, err := http.NewRequestWithContext(withConn(t.Context(), tls.Server(inner, &tls.Config{})), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := connOf(r); got != inner {
		t.Errorf("got a %T", got)
	}
}
