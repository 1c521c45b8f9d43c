package main

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

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// Sizes of the load.
const (
	loadBlocks  = 100_000 // of the chain that is synced
	subscribers = 1000
	flooders    = 64 // connections that send as many calls as they can
)

// BenchmarkSyncUnderLoad measures a first sync over loopback while clients do
// their worst: the time from when the node begins to answer until the daemon
// says that it is synced. The clients run in this process and take their share
// of the same processors, which counts against the daemon.
//
//	go test -run '^$' -bench SyncUnderLoad -benchtime 5x ./cmd/spvd
func BenchmarkSyncUnderLoad(b *testing.B) {
	c, err := testnet.Generate(b.Context(), testnet.Config{Seed: 1, Blocks: loadBlocks})
	if err != nil {
		b.Fatal(err)
	}
	for _, load := range []struct {
		name  string
		begin func(*crowd)
	}{
		{"nobody", func(*crowd) {}},
		{fmt.Sprintf("%d-subscribers", subscribers), (*crowd).subscribe},
		{fmt.Sprintf("%d-flooders", flooders), (*crowd).flood},
	} {
		b.Run(load.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				syncOnce(b, c, load.begin)
			}
		})
	}
}

// syncOnce measures one sync with a crowd of clients.
func syncOnce(b *testing.B, c *testnet.Chain, begin func(*crowd)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	dir := b.TempDir()
	d := startDaemon(b, "--appdata", dir, "--notls", "--nofilelogging", "--connect="+l.Addr().String(),
		fmt.Sprintf("--rpcmaxwebsockets=%d", subscribers+flooders))
	defer d.end()
	defer d.stop()
	crowd := &crowd{B: b, ctx: ctx, client: dial(b, d, dir), running: &running}
	begin(crowd)

	network := testnet.NewNetwork(1, nil)
	host := network.Add(l.Addr().String(), testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{})
	running.Go(func() { _ = network.Run(ctx) })
	b.StartTimer()
	running.Go(func() { _ = network.ServeTCP(ctx, host, l) })
	d.await(b, fmt.Sprintf("Synced at height %d", loadBlocks))
	b.StopTimer()
	crowd.report()
}

// crowd is many clients of one daemon.
type crowd struct {
	*testing.B
	ctx     context.Context
	client  client
	running *sync.WaitGroup

	notified, answered, refused atomic.Int64
	slowest                     atomic.Int64 // of the answers to the client that behaves, in nanoseconds
}

// report adds what the clients saw to the result.
func (c *crowd) report() {
	for name, n := range map[string]int64{
		"notifications": c.notified.Load(), "answers": c.answered.Load(), "refusals": c.refused.Load(), "slowest-ns": c.slowest.Load(),
	} {
		if n > 0 {
			c.ReportMetric(float64(n), name)
		}
	}
}

// dialWS opens a websocket that reads what comes.
func (c *crowd) dialWS() *websocket.Conn {
	r := http.Request{Header: make(http.Header)}
	r.SetBasicAuth(c.client.user, c.client.password)
	url := strings.Replace(strings.TrimSuffix(c.client.url, "/"), "http", "ws", 1) + api.WebsocketPath
	conn, _, err := websocket.Dial(c.ctx, url, &websocket.DialOptions{HTTPHeader: r.Header})
	if err != nil {
		c.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	return conn
}

// subscribe has clients follow everything.
func (c *crowd) subscribe() {
	for range subscribers {
		conn := c.dialWS()
		for _, topic := range []string{api.TopicSyncStatus, api.TopicBlocks} {
			call := `{"jsonrpc":"2.0","method":"subscribe","params":["` + topic + `"],"id":1}`
			if err := conn.Write(c.ctx, websocket.MessageText, []byte(call)); err != nil {
				c.Fatal(err)
			}
			if _, _, err := conn.Read(c.ctx); err != nil {
				c.Fatal(err)
			}
		}
		c.running.Go(func() {
			defer conn.CloseNow()
			for {
				if _, _, err := conn.Read(c.ctx); err != nil {
					return
				}
				c.notified.Add(1)
			}
		})
	}
}

// flood has clients send batches as fast as they are answered or refused, and
// one client that asks now and then how long an answer takes.
func (c *crowd) flood() {
	call := `{"method":"help","id":1}`
	batch := "[" + strings.Repeat(call+",", 99) + call + "]"
	http := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: flooders}}
	for range flooders {
		c.running.Go(func() {
			for c.ctx.Err() == nil {
				c.post(http, batch)
			}
		})
	}
	conn := c.dialWS()
	c.running.Go(func() {
		defer conn.CloseNow()
		for {
			asked := time.Now()
			if err := conn.Write(c.ctx, websocket.MessageText, []byte(`{"method":"syncstatus","id":1}`)); err != nil {
				return
			}
			if _, _, err := conn.Read(c.ctx); err != nil {
				return
			}
			c.slowest.Store(max(c.slowest.Load(), int64(time.Since(asked))))
		}
	})
}

// post sends one request and counts what becomes of it.
func (c *crowd) post(client *http.Client, body string) {
	r, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.client.url, strings.NewReader(body))
	if err != nil {
		c.Error(err)
		return
	}
	r.SetBasicAuth(c.client.user, c.client.password)
	answer, err := client.Do(r)
	if err != nil { // the end
		return
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // fails at the end
	switch answer.StatusCode {
	case http.StatusOK:
		c.answered.Add(1)
	case http.StatusTooManyRequests:
		c.refused.Add(1)
	default:
		c.Errorf("a call is answered %s", answer.Status)
	}
}
