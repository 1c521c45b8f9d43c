package rpc_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// head is the status and the headers of an answer, whose body is dropped.
type head struct {
	Status     string
	StatusCode int
	Close      bool
	Header     http.Header
}

// callAs posts a call and returns the head of the answer.
func callAs(t *testing.T, address, user, password string) head {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(countRequest))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return head{answer.Status, answer.StatusCode, answer.Close, answer.Header}
}

// TestGuessingEnds throttle passwords from loopback. When it has been too often, the
// right one opens nothing for a while, neither by POST nor by websocket, and the
// cookie does.
func TestGuessingEnds(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.CookiePath = filepath.Join(t.TempDir(), "cookie")
	address, _ := rpctest.Start(t, cfg)
	for range 20 { // without a password nothing is guessed
		if got := callAs(t, address, "", ""); got.StatusCode != 401 || !got.Close {
			t.Fatalf("a stranger gets %s, closed %v", got.Status, got.Close)
		}
	}
	for n := range 9 {
		if got := callAs(t, address, rpctest.User, "guess"); got.StatusCode != 401 {
			t.Fatalf("guess %d gets %s", n, got.Status)
		}
	}
	if got := callAs(t, address, rpctest.User, rpctest.Password); got.StatusCode != 200 {
		t.Errorf("after nine throttle the password gives %s", got.Status)
	}
	conn := mustDial(t, address, nil)
	if reply := exchange(t, conn, `{"jsonrpc":"2.0","method":"authenticate","params":["u","guess"],"id":1}`); !strings.Contains(reply, "wrong user name") {
		t.Errorf("the tenth guess gets %s", reply)
	}
	for _, password := range []string{rpctest.Password, "guess"} {
		if got := callAs(t, address, rpctest.User, password); got.StatusCode != 429 || got.Header.Get("Retry-After") == "" {
			t.Errorf("after ten throttle %s gives %s", password, got.Status)
		}
		conn := mustDial(t, address, nil)
		if reply := exchange(t, conn, `{"jsonrpc":"2.0","method":"authenticate","params":["`+rpctest.User+`","`+password+`"],"id":1}`); !strings.Contains(reply, "too many wrong passwords") {
			t.Errorf("after ten throttle %s gets %s", password, reply)
		}
	}
	cookie, err := os.ReadFile(cfg.CookiePath)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(cookie), ":")
	if got := callAs(t, address, user, password); got.StatusCode != 200 {
		t.Errorf("the cookie gives %s", got.Status)
	}
	conn = mustDial(t, address, nil)
	if reply := exchange(t, conn, `{"jsonrpc":"2.0","method":"authenticate","params":["`+user+`","`+password+`"],"id":1}`); !strings.Contains(reply, `"result":null`) {
		t.Errorf("the cookie gets %s", reply)
	}
}

// TestStrangersMayNotIdle holds connections open that do not authenticate: one with nothing, one in the middle of the headers, a websocket, and one that has
// been refused.
func TestStrangersMayNotIdle(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.AuthTime, cfg.Limits.IdleTime = time.Second, time.Hour
	address, _ := rpctest.Start(t, cfg)
	for name, sent := range map[string]string{
		"nothing":        "",
		"headers":        "POST / HTTP/1.1\r\nHost: localhost\r\n",
		"no password":    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
		"wrong password": "GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic dTp4\r\n\r\n",
		"websocket": "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
		})
	}
}
