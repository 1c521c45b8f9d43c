//go:build linux

package rpc

import (
	"net"
	"testing"
	"time"
)

// TestHungUp: that a client has closed its connection shows although what it has sent
// before was not read, and nothing shows before.
func TestHungUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := client.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if hungUp(server) {
		t.Error("a client that is there has hung up")
	}
	client.Close()
	deadline := time.After(10 * time.Second)
	for !hungUp(server) {
		select {
		case <-deadline:
			t.Fatal("that the client has hung up does not show")
		case <-time.After(time.Millisecond):
		}
	}
}
