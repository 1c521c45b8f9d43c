package rpc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"

	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// Requests for tests of how they are answered.
const (
	countRequest = `{"jsonrpc":"1.0","method":"getblockcount","params":[],"id":1}`
	countReply   = `{"jsonrpc":"1.0","result":2,"error":null,"id":1}` + "\n"
	blockRequest = `{"jsonrpc":"1.0","method":"getblock","params":["298e5cc3d985bfe7f81dc135f360abe089edd4396b86d2de66b0cef42b21d980",false],"id":1}`
)

func TestStatusCodes(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Bytes = 1000
	address, _ := rpctest.Start(t, cfg)
	large := countRequest + strings.Repeat(" ", 1000)
	for _, test := range []struct {
		name   string
		method string
		path   string
		body   string
		change func(*http.Request)
		want   int
	}{
		{"fine", "POST", "/", countRequest, nil, 200},
		{"largest body", "POST", "/", large[:1000], nil, 200},
		{"too large", "POST", "/", large[:1001], nil, 413},
		{"too large of unknown length", "POST", "/", large, func(r *http.Request) { r.ContentLength = -1 }, 413},
		{"no credentials", "POST", "/", countRequest, func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"wrong password", "POST", "/", countRequest, func(r *http.Request) { r.SetBasicAuth(rpctest.User, "x") }, 401},
		{"wrong user", "POST", "/", countRequest, func(r *http.Request) { r.SetBasicAuth("x", rpctest.Password) }, 401},
		{"colon moved", "POST", "/", countRequest, func(r *http.Request) { r.SetBasicAuth("", rpctest.User+":"+rpctest.Password) }, 401},
		{"bearer", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401},
		{"wrong password and too large", "POST", "/", large, func(r *http.Request) { r.SetBasicAuth("x", "x") }, 401},
		{"GET", "GET", "/", "", nil, 405},
		{"POST to the websocket", "POST", "/ws", countRequest, nil, 405},
		{"websocket without upgrade", "GET", "/ws", "", nil, 426},
		{"other path", "POST", "/rpc", countRequest, nil, 404},
		{"as curl labels it", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 200},
		{"no label", "POST", "/", countRequest, func(r *http.Request) { r.Header.Del("Content-Type") }, 200},
		{"character set", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Content-Type", "Application/JSON; charset=utf-8") }, 200},
		{"XML", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Content-Type", "text/xml") }, 415},
		{"broken label", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Content-Type", "/") }, 415},
		{"large headers", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("X", strings.Repeat("x", 64<<10)) }, 431},
		{"localhost", "POST", "/", countRequest, func(r *http.Request) { r.Host = "LocalHost:9112" }, 200},
		{"IPv6", "POST", "/", countRequest, func(r *http.Request) { r.Host = "[::1]" }, 200},
		{"a name that means this machine", "POST", "/", countRequest, func(r *http.Request) { r.Host = "rebound.example:9112" }, 421},
		{"a websocket under such a name", "GET", "/ws", "", func(r *http.Request) { r.Host = "rebound.example" }, 421},
		{"page of another site", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Origin", "http://example.org") }, 403},
		{"page of another site, new browser", "POST", "/", countRequest, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+address+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.SetBasicAuth(rpctest.User, rpctest.Password)
			r.Header.Set("Content-Type", "application/json")
			if test.change != nil {
				test.change(r)
			}
			status, body := do(t, r)
			if status != test.want || status == 200 && body != countReply || status != 200 && body == "" {
				t.Errorf("got %d %q, want %d", status, body, test.want)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	r, err := http.Post("http://"+address, "application/json", strings.NewReader(countRequest))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if got := r.Header.Get("WWW-Authenticate"); r.StatusCode != 401 || got != `Basic realm="spvd"` {
		t.Errorf("got %d with %q", r.StatusCode, got)
	}
}

func TestKeepAlive(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	post(t, address, countRequest)
	var reused bool
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodPost, "http://"+address, strings.NewReader(countRequest))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(rpctest.User, rpctest.Password)
	if status, _ := do(t, r); status != 200 || !reused {
		t.Errorf("status %d, connection reused %v", status, reused)
	}
}

func TestBodyThatDoesNotArriveWhole(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := postRequest(countRequest)
	if _, err := io.WriteString(conn, request[:len(request)-1]); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 400 {
		t.Errorf("got %s", r.Status)
	}
}

func TestNoPeersIsAnEmptyList(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	if _, reply := post(t, address, `{"method":"getpeerinfo","id":1}`); !strings.Contains(reply, `"result":[]`) {
		t.Errorf("got %s", reply)
	}
}

func TestErrors(t *testing.T) {
	d := rpctest.NewOffline(t)
	var logged strings.Builder
	cfg := rpctest.Config(d.Registry)
	cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
	address, stop := rpctest.Start(t, cfg)
	for _, test := range []struct {
		err  error
		want string
	}{
		{spv.ErrNotInitialised, `"error":{"code":-10,"message":"still syncing (idle, 0.0% done); run: spvctl status --watch"}`},
		{fmt.Errorf("wrapped: %w", chain.ErrClosed), `"error":{"code":-10,`},
		{spv.ErrNoPeers, `"error":{"code":-9,"message":"no peer is connected to ask; run: spvctl status"}`},
		{chain.ErrNotFound, `"error":{"code":-5,"message":"there is no such block on the main chain"}`},
		{fmt.Errorf("wrapped: %w", wallet.ErrNoAccount), `"error":{"code":-11,"message":"wrapped: no such account; run: spvctl account"}`},
		{context.DeadlineExceeded, `"error":{"code":-1,"message":"this took too long and was given up; try again, or run: spvctl status"}`},
		{errors.New("disk on fire"), `"error":{"code":-32603,"message":"internal error; the daemon's log has the details"}`},
	} {
		d.Fail(test.err)
		if _, reply := post(t, address, blockRequest); !strings.Contains(reply, test.want) {
			t.Errorf("%v gives %s, want %s", test.err, reply, test.want)
		}
	}
	stop()
	if n := strings.Count(logged.String(), "level=ERROR"); n != 1 || !strings.Contains(logged.String(), "disk on fire") {
		t.Errorf("%d errors in the log:\n%s", n, logged.String())
	}
}

// A panic in a method is an internal error of that call only.
func TestPanic(t *testing.T) {
	d := rpctest.NewOffline(t)
	d.Find("getblockcount").Handle = func(context.Context, *method.Call) (any, error) { panic("a fault") }
	var logged strings.Builder
	cfg := rpctest.Config(d.Registry)
	cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
	address, stop := rpctest.Start(t, cfg)
	status, reply := post(t, address, `[`+countRequest+`,{"method":"getcurrentnet","id":2}]`)
	if status != 200 || !strings.Contains(reply, `"code":-32603`) || !strings.Contains(reply, `"result":303307798`) {
		t.Errorf("got %d %s", status, reply)
	}
	stop()
	if !strings.Contains(logged.String(), "panic in getblockcount") {
		t.Errorf("log:\n%s", logged.String())
	}
}

// background runs f and waits for it before the test ends.
func background(t testing.TB, f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	t.Cleanup(wg.Wait)
}
