package rpc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// pipes is a listener whose connections are pipes, so that time can be virtual.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes {
	return &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accept <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// pipeClient returns an HTTP client that dials p.
func (p *pipes) pipeClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return p.dial() },
	}}
}

// ask makes a call on any goroutine and returns what the server says.
func ask(t *testing.T, client *http.Client, request string) string {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", strings.NewReader(request))
	if err != nil {
		t.Error(err)
		return ""
	}
	r.SetBasicAuth(rpctest.User, rpctest.Password)
	answer, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// serve runs a server on p. The returned function ends it and reports how long
// that took.
func (p *pipes) serve(t *testing.T, cfg rpc.Config) (stop func() time.Duration) {
	t.Helper()
	cfg.Listeners = []net.Listener{p}
	s, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	return func() time.Duration {
		start := time.Now()
		cancel()
		running.Wait()
		return time.Since(start)
	}
}

// upgrade opens a websocket on p by hand, so that the client can be rude.
func (p *pipes) upgrade(t *testing.T, user, password string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := p.dial()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade got %s", answer.Status)
	}
	return conn, reader
}

// A client with a running call gets an error when the server stops, in both transports.
func TestStopAnswersCallsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, p := rpctest.NewOffline(t), newPipes()
		d.Stall()
		stop := p.serve(t, rpctest.Config(d.Registry))
		client := p.pipeClient()
		defer client.CloseIdleConnections()

		var got [2]string
		var calls sync.WaitGroup
		calls.Go(func() { got[0] = ask(t, client, blockRequest) })
		conn, _, err := websocket.Dial(t.Context(), "ws://localhost/ws", &websocket.DialOptions{ //nolint:bodyclose // Dial says not to
			HTTPClient: client, HTTPHeader: authorization(rpctest.User, rpctest.Password),
		})
		if err != nil {
			t.Fatal(err)
		}
		send(t, conn, blockRequest)
		calls.Go(func() {
			got[1] = receive(t, conn)
			if _, err := read(t, conn); websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Errorf("websocket ends with %v", err)
			}
		})
		d.Await(t, 2)
		if took := stop(); took >= time.Second { // the time of grace
			t.Errorf("stopping took %v", took)
		}
		calls.Wait()
		for i, reply := range got {
			if !strings.Contains(reply, "the daemon is stopping") {
				t.Errorf("client %d got %q", i, reply)
			}
		}
	})
}

// Whatever clients do or fail to do, the server is gone after the time of
// grace. The test ends only when no goroutine is left.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, p := rpctest.NewOffline(t), newPipes()
		d.Stall()
		cfg := rpctest.Config(d.Registry)
		cfg.Limits.Grace = 700 * time.Millisecond
		stop := p.serve(t, cfg)

		silent, _ := p.upgrade(t, rpctest.User, rpctest.Password)
		defer silent.Close()
		stranger, _ := p.upgrade(t, "", "")
		defer stranger.Close()
		half, err := p.dial() // half a request
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		if _, err := io.WriteString(half, "POST / HTTP/1.1\r\nHost: localhost\r\n"); err != nil {
			t.Fatal(err)
		}
		deaf, _ := p.upgrade(t, rpctest.User, rpctest.Password) // calls and does not read
		defer deaf.Close()
		if _, err := deaf.Write(maskedText(blockRequest)); err != nil {
			t.Fatal(err)
		}
		d.Await(t, 1)
		synctest.Wait()
		if took := stop(); took > cfg.Limits.Grace {
			t.Errorf("stopping took %v", took)
		}
		for name, conn := range map[string]net.Conn{"silent": silent, "stranger": stranger, "half": half, "deaf": deaf} {
			if !closedNow(conn) {
				t.Errorf("connection %s is still open", name)
			}
		}
	})
}

// closedNow reports whether the other end of a pipe is closed at this instant.
func closedNow(conn net.Conn) bool {
	start := time.Now()
	_, err := io.Copy(io.Discard, conn)
	return err == nil && time.Since(start) == 0
}

// maskedText returns a message as a client frames it. The mask is zero.
func maskedText(message string) []byte {
	n := len(message)
	return append([]byte{0x81, 0x80 | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}, message...)
}

func TestStrangersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		stop := p.serve(t, rpctest.Config(rpctest.NewOffline(t).Registry))
		defer stop()
		conn, reader := p.upgrade(t, "", "")
		defer conn.Close()
		start := time.Now()
		if b, err := io.ReadAll(reader); err != nil || len(b) > 0 {
			t.Errorf("got %q, %v", b, err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("cut off after %v", took)
		}
	})
}

func TestSlowHeadersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		stop := p.serve(t, rpctest.Config(rpctest.NewOffline(t).Registry))
		defer stop()
		conn, err := p.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		start := time.Now()
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("cut off after %v", took)
		}
	})
}

// expectClosed fails the test unless the server closes the connection after
// exactly this time. It reads nothing.
func expectClosed(t *testing.T, conn net.Conn, after time.Duration) {
	t.Helper()
	start := time.Now()
	// A byte at a time is read ahead: that of a next request.
	if _, err := io.WriteString(conn, "xx"); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if took := time.Since(start); took != after {
		t.Errorf("closed after %v, want %v", took, after)
	}
}

// postRequest returns a whole request.
func postRequest(body string) string {
	const credentials = "dXNlcjpwYXNzIHdvcmQ=" // user:pass word
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s", credentials, len(body), body)
}

func TestClientsThatDoNotReadAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
		stop := p.serve(t, cfg)
		defer stop()
		conn, err := p.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, postRequest(countRequest)); err != nil {
			t.Fatal(err)
		}
		expectClosed(t, conn, time.Minute)
	})
}

// TestWebsocketsThatDoNotReadAreCutOff leaves a reply where it is, and goes on sending.
func TestWebsocketsThatDoNotReadAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		stop := p.serve(t, rpctest.Config(rpctest.NewOffline(t).Registry))
		defer stop()
		conn, _ := p.upgrade(t, rpctest.User, rpctest.Password)
		defer conn.Close()
		start := time.Now()
		// A text frame of fewer than 126 bytes under a mask of zeros, and the
		// beginning of one of a million (RFC 6455, 5.2).
		frames := "\x81" + string([]byte{0x80 | byte(len(countRequest))}) + "\x00\x00\x00\x00" + countRequest +
			"\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00"
		if _, err := io.WriteString(conn, frames); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := io.WriteString(conn, " "); errors.Is(err, io.ErrClosedPipe) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		if took := time.Since(start); took < 30*time.Second || took > 32*time.Second {
			t.Errorf("cut off after %v", took)
		}
	})
}

func TestSlowBodiesAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		stop := p.serve(t, rpctest.Config(rpctest.NewOffline(t).Registry))
		defer stop()
		conn, err := p.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		request := postRequest(countRequest)
		if _, err := io.WriteString(conn, request[:len(request)-1]); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
			t.Errorf("got %q, %v", answer, err)
		}
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("cut off after %v", took)
		}
	})
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		stop := p.serve(t, rpctest.Config(rpctest.NewOffline(t).Registry))
		defer stop()
		conn, err := p.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, postRequest(countRequest)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 2*time.Minute {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestFailedListenerEndsTheServer(t *testing.T) {
	broken := &brokenListener{pipes: newPipes()}
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Listeners = []net.Listener{newPipes(), broken}
	s, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("Run returned %v", err)
	}
}

var errBroken = errors.New("broken")

// brokenListener accepts no connection.
type brokenListener struct{ *pipes }

func (*brokenListener) Accept() (net.Conn, error) { return nil, errBroken }
