package rpc

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

// TestLobbyMakesRoom lets connections in one after the other, each with its source,
// and says which ones are left.
func TestLobbyMakesRoom(t *testing.T) {
	const here, a, b, c, d = "127.0.0.1:1", "192.0.2.1:1", "[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.2:1"
	for _, test := range []struct {
		name string
		come []string
		left []int
	}{
		{"room for all", []string{here, here, here, here, a, a, b, d}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"too many of this machine", []string{here, here, "127.0.0.2:1", "[::1]:1", here, here}, []int{2, 3, 4, 5}},
		{"too many of one", []string{a, b, a, a, a}, []int{1, 3, 4}},
		{"one network of IPv6", []string{b, c, b}, []int{1, 2}},
		{"mapped", []string{a, "[::ffff:192.0.2.1]:1", a}, []int{1, 2}},
		{"too many together", []string{d, a, b, a, "192.0.2.3:1"}, []int{0, 2, 3, 4}},
		{"too many with one each", []string{d, a, b, "192.0.2.3:1", "192.0.2.4:1"}, []int{1, 2, 3, 4}},
		{"others leave this machine alone", []string{here, here, here, here, a, a, b, b, d, "192.0.2.3:1", "192.0.2.4:1"}, []int{0, 1, 2, 3, 7, 8, 9, 10}},
		{"this machine leaves others alone", []string{a, here, here, here, here, here}, []int{0, 2, 3, 4, 5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := preauth{most: 4, each: 2}
			conns := make([]net.Conn, len(test.come))
			out := make(map[net.Conn]bool)
			for i, remote := range test.come {
				conns[i], _ = net.Pipe()
				if gone := l.enter(pendingConn{conns[i], preauthSource(remote)}); gone != nil {
					out[gone] = true
				}
			}
			var left []int
			for i, conn := range conns {
				if l.holds(conn) == out[conn] {
					t.Errorf("connection %d is both in and out, or neither", i)
				}
				if !out[conn] {
					left = append(left, i)
				}
			}
			if !slices.Equal(left, test.left) {
				t.Errorf("left are %v, want %v", left, test.left)
			}
			for _, conn := range conns {
				l.leave(conn)
			}
			if len(l.conns) != 0 {
				t.Errorf("when all have left there are %d", len(l.conns))
			}
		})
	}
}

// TestLobbyIsBounded has sources of all sorts come.
func TestLobbyIsBounded(t *testing.T) {
	l := preauth{most: 8, each: 3}
	for i := range 1000 {
		conn, _ := net.Pipe()
		remote := fmt.Sprintf("192.0.2.%d:1", i%(1+i%50))
		if i%3 == 0 {
			remote = strings.Replace(remote, "192.0.2", "127.0.0", 1)
		}
		l.enter(pendingConn{conn, preauthSource(remote)})
		if len(l.conns) > 2*l.most {
			t.Fatalf("after %d came there are %d", i+1, len(l.conns))
		}
	}
}
