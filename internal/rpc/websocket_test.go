package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// authorization returns the headers of a client with credentials, none if user
// is empty.
func authorization(user, password string) http.Header {
	r := http.Request{Header: make(http.Header)}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	return r.Header
}

// dialWS opens a websocket. When it is refused, the status is that of the
// refusal.
func dialWS(t testing.TB, address string, header http.Header) (*websocket.Conn, int, error) {
	t.Helper()
	conn, r, err := websocket.Dial(t.Context(), "ws://"+address+"/ws", &websocket.DialOptions{HTTPHeader: header})
	if r == nil {
		t.Fatal(err)
	}
	if err != nil {
		r.Body.Close()
		return nil, r.StatusCode, err
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn, r.StatusCode, nil
}

// mustDialWS opens a websocket that is let in.
func mustDialWS(t testing.TB, address string) *websocket.Conn {
	t.Helper()
	return mustDial(t, address, authorization(rpctest.User, rpctest.Password))
}

func mustDial(t testing.TB, address string, header http.Header) *websocket.Conn {
	t.Helper()
	conn, _, err := dialWS(t, address, header)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20) // of what the methods say about themselves
	return conn
}

// exchange sends a message and returns the next one that comes.
func exchange(t testing.TB, conn *websocket.Conn, message string) string {
	t.Helper()
	send(t, conn, message)
	return receive(t, conn)
}

func send(t testing.TB, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func receive(t testing.TB, conn *websocket.Conn) string {
	t.Helper()
	reply, err := read(t, conn)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// read returns the next message, or what has ended the connection. It fails the test
// if neither comes.
func read(t testing.TB, conn *websocket.Conn) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, message, err := conn.Read(ctx)
	if ctx.Err() != nil {
		t.Fatalf("neither a message nor the end of the connection in %v", patience)
	}
	return string(message), err
}

// TestWsrpcClient has a client of the library that dcrd's tools use call for a while,
// in virtual time. A ping that stays unanswered until shortly after the next one ends
// that client.
func TestWsrpcClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, d := newPipes(), rpctest.NewOffline(t)
		calls := 0
		d.Find("getblockhash").Handle = func(context.Context, *method.Call) (any, error) {
			if calls++; calls > 100 {
				return nil, &api.Error{Code: api.CodeInvalid, Message: "not on the main chain"}
			}
			return strings.Repeat("a", 64), nil
		}
		d.Find("getbestblock").Handle = func(context.Context, *method.Call) (any, error) { return api.BestBlock{Height: 2}, nil }
		stop := p.serve(t, rpctest.Config(d.Registry))
		defer stop()
		c, err := wsrpc.Dial(t.Context(), "ws://localhost/ws",
			wsrpc.WithBasicAuth(rpctest.User, rpctest.Password), wsrpc.WithPingPeriod(time.Minute),
			wsrpc.WithDial(func(context.Context, string, string) (net.Conn, error) { return p.dial() }))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for i := range 100 {
			var hash string
			if err := c.Call(t.Context(), "getblockhash", &hash, i%3); err != nil || len(hash) != 64 {
				t.Fatalf("call %d: %q, %v", i, hash, err)
			}
			<-time.After(10 * time.Second)
		}
		var best api.BestBlock
		if err := c.Call(t.Context(), "getbestblock", &best); err != nil || best.Height != 2 { // without params
			t.Errorf("got %+v, %v", best, err)
		}
		err = c.Call(t.Context(), "getblockhash", nil, 99)
		var answered *wsrpc.Error
		if !errors.As(err, &answered) || answered.Code != int64(api.CodeInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPingIsAnswered(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	conn := mustDialWS(t, address)
	background(t, func() { conn.Read(context.Background()) }) // until the connection is closed
	defer conn.CloseNow()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := conn.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestAuthenticate(t *testing.T) {
	const call = `{"jsonrpc":"1.0","method":"authenticate","params":[%q,%q],"id":1}`
	right := fmt.Sprintf(call, rpctest.User, rpctest.Password)
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	for _, test := range []struct {
		name    string
		message string
		letIn   bool
	}{
		{"right", right, true},
		{"named", `{"jsonrpc":"2.0","method":"authenticate","params":{"password":"pass word","username":"user"},"id":1}`, true},
		{"wrong", fmt.Sprintf(call, rpctest.User, "x"), false},
		{"no parameters", `{"jsonrpc":"1.0","method":"authenticate","params":[],"id":1}`, false},
		{"in a batch", `[` + right + `]`, false},
		{"another call", countRequest, false},
		{"garbage", `{`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := mustDial(t, address, nil)
			var r struct {
				Result any
				Error  *api.Error
				ID     any
			}
			if err := json.Unmarshal([]byte(exchange(t, conn, test.message)), &r); err != nil {
				t.Fatal(err)
			}
			if letIn := r.Error == nil && r.Result == nil; letIn != test.letIn {
				t.Fatalf("reply %+v", r)
			}
			if !test.letIn {
				if more, err := read(t, conn); err == nil {
					t.Errorf("the connection stays open and brings %s", more)
				}
				return
			}
			if got := exchange(t, conn, countRequest) + "\n"; got != countReply {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestWrongPasswordOnUpgrade(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	if _, status, err := dialWS(t, address, authorization(rpctest.User, "x")); err == nil || status != 401 {
		t.Errorf("got %d, %v", status, err)
	}
}

func TestWebsocketLimit(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Websockets = 1
	address, _ := rpctest.Start(t, cfg)
	first := mustDialWS(t, address)
	exchange(t, first, countRequest)
	if _, status, err := dialWS(t, address, authorization(rpctest.User, rpctest.Password)); err == nil || status != 429 {
		t.Errorf("second websocket got %d, %v", status, err)
	}
	// Those that have not authenticated are counted for themselves, see the preauth;
	// they find no room when they do.
	stranger := mustDial(t, address, nil)
	reply := exchange(t, stranger, `{"method":"authenticate","params":["user","pass word"],"id":1}`)
	if !strings.Contains(reply, "too many websocket clients") {
		t.Errorf("stranger got %s", reply)
	}
	if more, err := read(t, stranger); err == nil {
		t.Errorf("stranger stays connected and gets %s", more)
	}
	// Room that is left is given away again.
	if err := first.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; {
		conn, status, err := dialWS(t, address, authorization(rpctest.User, rpctest.Password))
		if err == nil {
			exchange(t, conn, countRequest)
			return
		}
		if status != 429 || time.Now().After(end) {
			t.Fatalf("room that is left is not given away: %d, %v", status, err)
		}
	}
}

func TestMessageSize(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Bytes = 10000
	address, _ := rpctest.Start(t, cfg)
	padded := func(size int) string { return countRequest + strings.Repeat(" ", size-len(countRequest)) }
	conn := mustDialWS(t, address)
	if got := exchange(t, conn, padded(10000)) + "\n"; got != countReply {
		t.Errorf("largest message got %s", got)
	}
	send(t, conn, padded(10001))
	if _, err := read(t, conn); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("larger message got %v", err)
	}
	stranger := mustDial(t, address, nil)
	send(t, stranger, padded(5000))
	if _, err := read(t, stranger); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("large message of a stranger got %v", err)
	}
}

// TestSlowMessagesAreCutOff: clients that begin large messages and do not end them hold the memory
// of all messages for the time of one message only. A client that says nothing stays.
func TestSlowMessagesAreCutOff(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.MoveTime = time.Second
	address, _ := rpctest.Start(t, cfg)
	idle := mustDialWS(t, address)
	var slow []*websocket.Conn
	for range 9 {
		conn := mustDialWS(t, address)
		w, err := conn.Writer(t.Context(), websocket.MessageText)
		if err == nil {
			_, err = w.Write(make([]byte, 3<<20)) // of the 4 MiB that a message may have
		}
		if err != nil { // the server grants no more memory
			t.Logf("%d messages have begun: %v", len(slow), err)
			break
		}
		slow = append(slow, conn)
	}
	large := countRequest + strings.Repeat(" ", 200<<10)
	for begin := time.Now(); ; {
		conn, _, err := dialWS(t, address, authorization(rpctest.User, rpctest.Password))
		if err != nil {
			t.Fatal(err)
		}
		reply := ""
		if err = conn.Write(t.Context(), websocket.MessageText, []byte(large)); err == nil {
			reply, err = read(t, conn)
		}
		if err == nil && reply+"\n" == countReply {
			break
		}
		if time.Since(begin) > patience {
			t.Fatalf("no message of %d bytes finds room while %d others do not end: %s, %v", len(large), len(slow), reply, err)
		}
	}
	for _, conn := range slow {
		if reply, err := read(t, conn); err == nil {
			t.Errorf("the client of a message that did not end got %s", reply)
		}
	}
	if got := exchange(t, idle, countRequest) + "\n"; got != countReply {
		t.Errorf("the client that said nothing got %s", got)
	}
}

func TestWebsocketNotificationsAndBatches(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	conn := mustDialWS(t, address)
	send(t, conn, `{"jsonrpc":"2.0","method":"getblockcount"}`)
	if got := exchange(t, conn, `[`+countRequest+`]`) + "\n"; got != "["+strings.TrimSpace(countReply)+"]\n" {
		t.Errorf("got %s", got)
	}
	if got := exchange(t, conn, `{`); !strings.Contains(got, `"code":-32700`) {
		t.Errorf("garbage got %s", got)
	}
	if got := exchange(t, conn, countRequest) + "\n"; got != countReply {
		t.Errorf("after garbage got %s", got)
	}
}

func TestPageOfAnotherSiteGetsNoWebsocket(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	header := authorization(rpctest.User, rpctest.Password)
	header.Set("Origin", "http://example.org")
	if _, status, err := dialWS(t, address, header); err == nil || status != 403 {
		t.Errorf("got %d, %v", status, err)
	}
}
