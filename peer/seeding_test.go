package peer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// TestSeeding checks that a pool with an empty book asks a seeder, connects to what
// it tells, and asks no more while that is enough.
func TestSeeding(t *testing.T) {
	var questions atomic.Int32
	client := seederAt(t, func(w http.ResponseWriter, _ *http.Request) {
		questions.Add(1)
		for i := range 16 {
			fmt.Fprintf(w, `{"host":"44.%d.0.1:9108","services":1,"pver":11}`, i)
		}
	})
	b := newBench(t, func(c *Config) {
		nodes := c.Dial
		c.Seeders, c.SeederRoots, c.Outbound = []string{"example.com"}, client.roots, 3
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "example.com:443" {
				return client.dial(ctx, network, addr)
			}
			return nodes(ctx, network, addr)
		}
	})
	for i := range 16 {
		b.net.at(fmt.Sprintf("44.%d.0.1:9108", i), good(newTestChain(2)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for len(b.Infos()) < 3 {
		<-b.Changed()
	}
	if b.needsSeeds() {
		t.Error("with all connections the pool would ask again")
	}
	cancel()
	wg.Wait()
	b.net.wg.Wait()
	if n := questions.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if !b.needsSeeds() {
		t.Error("without connections and with few addresses the pool would not ask")
	}
	for i := range enoughAddresses {
		b.learn("9.9.9.9:1", []string{fmt.Sprintf("45.%d.0.1:9108", i)})
	}
	if b.needsSeeds() {
		t.Error("with enough addresses the pool would ask")
	}
}
