package peer_test

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv/p2p"
)

var points = flag.Int("points", 6, "number of blocking points that a pool is struck at, zero for all")

// pointedConn is a connection of which each operation is a blocking point.
type pointedConn struct {
	net.Conn
	p      *interrupt.Points
	open   *atomic.Int32
	closed atomic.Bool
}

func (c *pointedConn) Read(b []byte) (int, error) {
	if err := c.p.Do("read"); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *pointedConn) Write(b []byte) (int, error) {
	if err := c.p.Do("write"); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *pointedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// TestPoolInterruptedAnywhere: whatever happens to a pool while it dials, reads and writes, it is
// connected to both nodes in the end, has headers, filters and a block of them, and leaves no
// connection, no goroutine and a file that the next pool reads.
func TestPoolInterruptedAnywhere(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 150})
	if err != nil {
		t.Fatal(err)
	}
	nodes := []string{"10.1.0.1:18555", "10.2.0.1:18555"}
	interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill}, func(t *testing.T, dir string, p *interrupt.Points) {
		network := testnet.NewNetwork(1, nil)
		for _, addr := range nodes {
			network.Add(addr, testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{Latency: 5 * time.Millisecond})
		}
		beside, stopNodes := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = network.Run(beside) })
		defer wg.Wait()
		defer stopNodes()
		var open atomic.Int32
		file := filepath.Join(dir, "peers.json")
		pool, err := peer.New(peer.Config{
			Params: c.Params().ChainParams, UserAgent: "/interrupted:1.0.0/", AddPeer: nodes, File: file,
			Dial: func(ctx context.Context, kind, address string) (net.Conn, error) {
				if err := p.Pass(ctx, "dial"); err != nil {
					return nil, err
				}
				conn, err := network.Dial(ctx, kind, address)
				if err != nil {
					return nil, err
				}
				open.Add(1)
				return &pointedConn{Conn: conn, p: p, open: &open}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p.OnCancel(cancel)
		var running sync.WaitGroup
		running.Go(func() {
			if err := pool.Run(ctx); err != nil {
				t.Errorf("Run returned %v", err)
			}
		})
		reached := false
		for range 60 {
			if reached = used(ctx, pool, c) == nil; reached || wait.For(ctx, 10*time.Second) != nil {
				break
			}
		}
		began := time.Now()
		cancel()
		running.Wait()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("Run returned after %v", took)
		}
		synctest.Wait()
		if n := open.Load(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
		if len(pool.Infos()) > 0 || len(pool.Bans()) > 0 {
			t.Errorf("after Run there are peers %+v and bans %+v", pool.Infos(), pool.Bans())
		}
		if !reached && p.Way() != interrupt.Cancel {
			t.Error("the pool is not used")
		}
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(file + ".unusable"); err == nil {
			t.Error("the file that was left cannot be used")
		}
	})
}

// used asks a pool for headers, filters and a block once it is connected to two peers.
func used(ctx context.Context, pool *peer.Pool, c *testnet.Chain) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for len(pool.Infos()) < 2 {
		if err := wait.For(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	peers := pool.Peers()
	_, from, err := peers.Headers(ctx, nil, []chainhash.Hash{c.ID(0).Hash}, chainhash.Hash{})
	_, _, failure := peers.CFilters(ctx, []p2p.PeerID{from}, c.ID(1).Hash, c.ID(100).Hash, 1<<20)
	_, _, lost := peers.Block(ctx, nil, c.ID(30).Hash)
	return errors.Join(err, failure, lost)
}
