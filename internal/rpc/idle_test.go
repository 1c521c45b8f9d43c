package rpc_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestIdleConnectionsAreBounded keeps authenticated connections open, twice as many as may be
// idle: as many as are too many are closed, the others are answered again. Which ones those are
// is the server's choice: a reply arrives before its connection counts as idle.
func TestIdleConnectionsAreBounded(t *testing.T) {
	const most = 4
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Idle = most
	address, _ := rpctest.Start(t, cfg)
	conns := make([]net.Conn, 2*most)
	replies := make([]*bufio.Reader, len(conns))
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conns[i], replies[i] = conn, bufio.NewReader(conn)
		if err := callOn(conn, replies[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i, open := range stillOpen(t, conns, most) {
		if !open {
			continue
		}
		if err := callOn(conns[i], replies[i]); err != nil {
			t.Errorf("connection %d of %d: %v", i, len(conns), err)
		}
	}
}

// stillOpen waits until the server has closed that many connections, and tells which are open.
func stillOpen(t *testing.T, conns []net.Conn, closed int) []bool {
	t.Helper()
	type end struct {
		conn int
		err  error
	}
	ends := make(chan end, len(conns))
	var reading sync.WaitGroup
	defer reading.Wait()
	for i, conn := range conns {
		_ = conn.SetDeadline(time.Now().Add(answerBound))
		reading.Go(func() {
			_, err := conn.Read(make([]byte, 1))
			ends <- end{i, err}
		})
	}
	open := make([]bool, len(conns))
	for got := range conns {
		e := <-ends
		open[e.conn] = errors.Is(e.err, os.ErrDeadlineExceeded)
		switch {
		case e.err == nil:
			t.Fatalf("connection %d: a reply that nothing asked for", e.conn)
		case open[e.conn] != (got >= closed):
			t.Errorf("connection %d, ended as number %d, with %d to be closed: %v", e.conn, got+1, closed, e.err)
		}
		if got+1 == closed {
			for _, conn := range conns {
				_ = conn.SetReadDeadline(time.Now())
			}
		}
	}
	return open
}

// callOn makes a call on a connection and reads the reply.
func callOn(conn net.Conn, replies *bufio.Reader) error {
	_ = conn.SetDeadline(time.Now().Add(answerBound))
	r, err := http.NewRequest(http.MethodPost, "http://"+conn.RemoteAddr().String(), strings.NewReader(countRequest))
	if err != nil {
		return err
	}
	r.SetBasicAuth(rpctest.User, rpctest.Password)
	if err := r.Write(conn); err != nil {
		return err
	}
	answer, err := http.ReadResponse(replies, r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body := make([]byte, answer.ContentLength)
	if _, err := answer.Body.Read(body); answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s: %w", answer.StatusCode, body, err)
	}
	return nil
}
