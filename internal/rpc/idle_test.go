package rpc_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestIdleConnectionsAreBounded keeps authenticated connections open, twice as many as may be
// idle: those that have waited longest are closed, the others are answered again.
func TestIdleConnectionsAreBounded(t *testing.T) {
	const most = 4
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Idle = most
	address, _ := rpctest.Start(t, cfg)
	var conns []net.Conn
	var replies []*bufio.Reader
	for range 2 * most {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conns, replies = append(conns, conn), append(replies, bufio.NewReader(conn))
		if err := callOn(conn, replies[len(replies)-1]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range most {
		_ = conns[i].SetDeadline(time.Now().Add(answerBound))
		if _, err := replies[i].ReadByte(); err == nil || isTimeout(err) {
			t.Errorf("connection %d of %d is still open: %v", i, len(conns), err)
		}
	}
	for i := most; i < len(conns); i++ {
		if err := callOn(conns[i], replies[i]); err != nil {
			t.Errorf("connection %d of %d: %v", i, len(conns), err)
		}
	}
}

// isTimeout reports whether the time of a connection was over.
func isTimeout(err error) bool {
	wait, ok := err.(net.Error)
	return ok && wait.Timeout()
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
