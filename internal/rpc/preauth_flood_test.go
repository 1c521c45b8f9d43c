package rpc_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// raw is a connection on which the test writes HTTP itself.
type raw struct {
	net.Conn
	reader *bufio.Reader
}

// dialRaw connects, and bounds the time of all that is done there.
func dialRaw(t *testing.T, address string) raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return raw{conn, bufio.NewReader(conn)}
}

// verdict is what an answer begins with.
type verdict struct {
	StatusCode int
	Status     string
	Close      bool // the server says that it closes the connection
}

// ask sends a request and returns what the answer begins with.
func (c raw) ask(t *testing.T, request string) verdict {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return verdict{answer.StatusCode, answer.Status, answer.Close}
}

// closed reports whether the server closes the connection. What was sent and not
// read makes that a reset.
func (c raw) closed() bool {
	_, err := io.Copy(io.Discard, c.reader)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// TestStrangersMakeRoom opens many more silent connections than there is room for, some of
// them websockets. Each one too many closes the oldest, authenticated connections stay, and
// a new client is answered while all places are taken.
func TestStrangersMakeRoom(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Preauth, cfg.Limits.AuthTime, cfg.Limits.IdleTime = 4, time.Hour, time.Hour
	address, _ := rpctest.Start(t, cfg)
	friend := dialRaw(t, address)
	if got := friend.ask(t, postRequest(countRequest)); got.StatusCode != 200 || got.Close {
		t.Fatalf("a friend gets %s, closed %v", got.Status, got.Close)
	}
	byHeader, byCall := mustDialWS(t, address), mustDial(t, address, nil)
	exchange(t, byCall, `{"jsonrpc":"2.0","method":"authenticate","params":["user","pass word"],"id":1}`)
	var strangers []raw
	for i := range 20 {
		c := dialRaw(t, address)
		if i%2 == 1 {
			if got := c.ask(t, "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"); got.StatusCode != 101 {
				t.Fatalf("a websocket gets %s", got.Status)
			}
		}
		strangers = append(strangers, c)
	}
	for i, c := range strangers[:len(strangers)-4] {
		if !c.closed() {
			t.Fatalf("stranger %d stays", i)
		}
	}
	if got := callAs(t, address, rpctest.User, rpctest.Password); got.StatusCode != 200 {
		t.Errorf("with all places taken a new client gets %s", got.Status)
	}
	exchange(t, mustDialWS(t, address), countRequest)
	if got := friend.ask(t, postRequest(countRequest)); got.StatusCode != 200 {
		t.Errorf("a friend gets %s", got.Status)
	}
	exchange(t, byHeader, countRequest)
	exchange(t, byCall, countRequest)
}

// TestStrangersKeepNoConnection asks for what needs no password.
func TestStrangersKeepNoConnection(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.IdleTime = time.Hour
	address, _ := rpctest.Start(t, cfg)
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://elsewhere.example\r\nContent-Length: 0\r\n\r\n",
	} {
		c := dialRaw(t, address)
		if got := c.ask(t, request); got.StatusCode < 400 || !got.Close || !c.closed() {
			t.Errorf("%q is answered %s, and the connection stays open", request, got.Status)
		}
	}
}
