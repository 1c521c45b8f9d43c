package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestRequestLimit runs as many requests at once as are allowed, with a limit that is set and
// with the default, which docs/rpc.md documents.
func TestRequestLimit(t *testing.T) {
	for _, test := range []struct{ limit, most int }{{1, 1}, {0, 32}} {
		t.Run(fmt.Sprintf("%d of %d", test.most, test.limit), func(t *testing.T) {
			d := rpctest.NewOffline(t)
			release := d.Stall()
			cfg := rpctest.Config(d.Registry)
			cfg.Limits.Requests = test.limit
			address, _ := rpctest.Start(t, cfg)
			first := make(chan int, test.most)
			for range test.most {
				background(t, func() {
					status, _ := post(t, address, blockRequest)
					first <- status
				})
			}
			defer release() // also if the test fails here
			d.Await(t, test.most)
			if status, _ := post(t, address, countRequest); status != 429 {
				t.Errorf("one request too many got %d", status)
			}
			// A refused client gets an answer, and takes no room.
			r, err := http.Post("http://"+address, "", strings.NewReader(countRequest))
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != 401 {
				t.Errorf("request without credentials got %d", r.StatusCode)
			}
			release()
			for range test.most {
				if status := <-first; status != 200 {
					t.Errorf("a request in time got %d", status)
				}
			}
			for i := range test.most + 1 {
				if status, _ := post(t, address, countRequest); status != 200 {
					t.Fatalf("later request %d got %d", i, status)
				}
			}
		})
	}
}

func TestBatchLimit(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.Batch = 3
	address, _ := rpctest.Start(t, cfg)
	for calls, want := range map[int]string{3: `"result":2`, 4: `"code":-32600`} {
		_, reply := post(t, address, "["+strings.Repeat(countRequest+",", calls-1)+countRequest+"]")
		if !strings.Contains(reply, want) || strings.Contains(reply, "result\":2") != (calls == 3) {
			t.Errorf("%d calls got %s", calls, reply)
		}
	}
}

// TestCallsLeaveProcessors has many clients call at once: half of the processors are
// left to the sync.
func TestCallsLeaveProcessors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, d := newPipes(), rpctest.NewOffline(t)
		var mu sync.Mutex
		var here, most int
		letGo := make(chan struct{})
		d.Find("getblockcount").Handle = func(context.Context, *method.Call) (any, error) {
			mu.Lock()
			here++
			most = max(most, here)
			mu.Unlock()
			<-letGo
			mu.Lock()
			here--
			mu.Unlock()
			return 2, nil
		}
		stop := p.serve(t, rpctest.Config(d.Registry))
		client := p.pipeClient()
		turns := max(1, runtime.GOMAXPROCS(0)/2)
		var callers sync.WaitGroup
		for range 2*turns + 2 {
			callers.Go(func() { ask(t, client, countRequest) })
		}
		synctest.Wait()
		close(letGo)
		callers.Wait()
		if most != turns {
			t.Errorf("%d calls were worked on at once, want %d", most, turns)
		}
		client.CloseIdleConnections()
		if took := stop(); took >= time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}

// Of what a client sends at once, only so much is worked on at once, and all
// of it is answered.
func TestConcurrentCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, p := rpctest.NewOffline(t), newPipes()
		release := d.Stall()
		cfg := rpctest.Config(d.Registry)
		cfg.Limits.Concurrent = 2
		stop := p.serve(t, cfg)
		client := p.pipeClient()
		conn, _, err := websocket.Dial(t.Context(), "ws://localhost/ws", &websocket.DialOptions{ //nolint:bodyclose // Dial says not to
			HTTPClient: client, HTTPHeader: authorization(rpctest.User, rpctest.Password),
		})
		if err != nil {
			t.Fatal(err)
		}
		const calls = 5
		var sender sync.WaitGroup
		sender.Go(func() {
			for i := range calls {
				send(t, conn, strings.Replace(blockRequest, `"id":1`, fmt.Sprintf(`"id":%d`, i), 1))
			}
		})
		synctest.Wait()
		if most := d.Most(); most != 2 {
			t.Errorf("%d calls at once", most)
		}
		release()
		answered := make(map[int]bool)
		for range calls {
			var r struct{ ID int }
			if err := json.Unmarshal([]byte(receive(t, conn)), &r); err != nil {
				t.Fatal(err)
			}
			answered[r.ID] = true
		}
		if len(answered) != calls {
			t.Errorf("%d calls answered", len(answered))
		}
		sender.Wait()
		conn.CloseNow()
		stop()
		client.CloseIdleConnections()
	})
}
