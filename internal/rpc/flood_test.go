package rpc_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// answerBound is how long an answer takes at most under a flood, on a machine
// that does much else besides.
const answerBound = 10 * time.Second

// flood has many clients do something over and over until the test ends, each
// time after the last time. It returns how often they have.
func flood(t *testing.T, clients int, once func(ctx context.Context)) *atomic.Int64 {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var times atomic.Int64
	for range clients {
		running.Go(func() {
			for ctx.Err() == nil {
				once(ctx)
				times.Add(1)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return &times
}

// floodBound is how long a flood may stand still: what it does ends by itself, or is
// ended by the server.
const floodBound = time.Minute

// floodTimes is how often the clients of a flood together do it until it is over: the eight of
// those that send most do it twice.
const floodTimes = 16

// mustBeServed demands that a client that behaves is answered in time, on its own
// websocket again and again, while the flood goes on.
func mustBeServed(t *testing.T, conn *websocket.Conn, times *atomic.Int64) {
	t.Helper()
	var last int64
	moved := time.Now()
	for before := times.Load(); times.Load() < before+floodTimes; {
		asked := time.Now()
		if now := times.Load(); now > last {
			last, moved = now, asked
		}
		if asked.Sub(moved) > floodBound {
			t.Fatalf("the flood has stood still for %v", floodBound)
		}
		if got := exchange(t, conn, countRequest); !strings.Contains(got, `"result":2`) {
			t.Fatalf("under a flood the answer is %s", got)
		}
		if took := time.Since(asked); took > answerBound {
			t.Fatalf("under a flood an answer took %v", took)
		}
	}
}

// poster returns what posts a body and wants one of some statuses.
func poster(t *testing.T, address, body string, statuses ...int) func(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	t.Cleanup(client.CloseIdleConnections)
	return func(ctx context.Context) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		r.SetBasicAuth(rpctest.User, rpctest.Password)
		answer, err := client.Do(r)
		if err != nil { // the end, or the connection was closed in the middle of the body
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body) // fails at the end
		for _, s := range statuses {
			if answer.StatusCode == s {
				return
			}
		}
		t.Errorf("a request of a flood is answered %s", answer.Status)
	}
}

// TestFloods does to a server what a bad neighbour might: many connections, huge
// batches, bodies that are too large, JSON that is too deep, and connections that
// never authenticate. Each time another client is answered in time.
func TestFloods(t *testing.T) {
	call := `{"method":"help","id":1}`
	for name, attack := range map[string]func(t *testing.T, address string) *atomic.Int64{
		"many connections": func(t *testing.T, address string) *atomic.Int64 {
			return flood(t, 100, poster(t, address, call, http.StatusOK, http.StatusTooManyRequests))
		},
		"huge batches": func(t *testing.T, address string) *atomic.Int64 {
			short := `{"method":"help","params":["help"],"id":1}` // its answer is: the race detector takes a minute for long ones
			batch := "[" + strings.Repeat(short+",", 999) + short + "]"
			return flood(t, 8, poster(t, address, batch, http.StatusOK, http.StatusTooManyRequests))
		},
		"too many calls in a batch": func(t *testing.T, address string) *atomic.Int64 {
			batch := "[" + strings.Repeat(call+",", 20_000) + call + "]"
			return flood(t, 8, poster(t, address, batch, http.StatusOK, http.StatusTooManyRequests))
		},
		"bodies that are too large": func(t *testing.T, address string) *atomic.Int64 {
			body := `{"method":"` + strings.Repeat("x", 5<<20) + `"}`
			return flood(t, 8, poster(t, address, body, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests))
		},
		"deep JSON": func(t *testing.T, address string) *atomic.Int64 {
			body := `{"method":"help","id":1,"params":` + strings.Repeat("[", 1<<20)
			return flood(t, 8, poster(t, address, body, http.StatusOK, http.StatusTooManyRequests))
		},
		"connections that say nothing": func(t *testing.T, address string) *atomic.Int64 {
			return flood(t, 64, func(ctx context.Context) { silent(ctx, t, address, "") })
		},
		"half of a header": func(t *testing.T, address string) *atomic.Int64 {
			return flood(t, 64, func(ctx context.Context) { silent(ctx, t, address, "POST / HTTP/1.1\r\nHost: localhost\r\nX-") })
		},
		"websockets of strangers": func(t *testing.T, address string) *atomic.Int64 {
			return flood(t, 64, func(ctx context.Context) {
				conn, _, err := websocket.Dial(ctx, "ws://"+address+"/ws", nil) //nolint:bodyclose // Dial says not to
				if err != nil {                                                 // too many
					return
				}
				defer conn.CloseNow()
				_, _, _ = conn.Read(ctx) // until it is cut off
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
			cfg.Limits.AuthTime = time.Second // enough for those who mean it, on a busy machine too
			address, _ := rpctest.Start(t, cfg)
			conn := mustDialWS(t, address)
			mustBeServed(t, conn, attack(t, address))
		})
	}
}

// silent opens a connection, begins a request, and waits until it is cut off.
func silent(ctx context.Context, t *testing.T, address, begin string) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return // the end
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := fmt.Fprint(conn, begin); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, conn)
}
