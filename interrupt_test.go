package spvd_test

import (
	"context"
	"errors"
	"flag"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

var points = flag.Int("points", 5, "number of blocking points that a client is struck at, zero for all")

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

// TestClientInterruptedAnywhere: whatever happens to a whole client while it dials, reads and writes,
// in a first sync with a wallet, with votes to verify and a snapshot to write: it stops in time,
// leaves a store that passes its check, and nothing that is open or runs; and it gets to the tip, has
// the payment, and the snapshot, at once or when it is started again.
func TestClientInterruptedAnywhere(t *testing.T) {
	addr, err := stdaddr.DecodeAddress("SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR", chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	plan := testnet.Plan{}
	plan.Pay(30, script, 5e8)
	blocks, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 400, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill},
		func(t *testing.T, dir string, p *interrupt.Points) {
			network := testnet.NewNetwork(1, nil)
			network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: blocks}), link.Shape{Latency: 5 * time.Millisecond})
			defer running(t, network.Run)()
			ahead := time.Until(blocks.Now())
			now := func() time.Time { return time.Now().Add(ahead) }
			var open atomic.Int32
			cfg := spvd.Config{
				Dir: dir, Network: spvd.Simnet, Connect: []string{nodeAddr}, Now: now, SnapshotDir: filepath.Join(dir, "snapshot"),
				Accounts: []spvd.Account{{Name: "default", Xpub: xpub}}, VerifyVotes: 1e8,
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
			}
			if p.Again() {
				checkStore(t, dir, cfg.Network.Params())
			}
			c, err := spvd.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			p.OnCancel(cancel)
			var running sync.WaitGroup
			running.Go(func() {
				if err := c.Run(ctx); err != nil {
					t.Errorf("Run returned %v", err)
				}
			})
			reached := complete(ctx, c, blocks.Tip())
			began := time.Now()
			cancel()
			running.Wait()
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("Run returned after %v", took)
			}
			if st := c.Sync().Status(); st.Synced || st.Ready || st.Initialised || st.Peers > 0 || len(st.Warnings) > 0 {
				t.Errorf("after Run the status is %+v", st)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if n := open.Load(); n != 0 {
				t.Errorf("%d connections are open", n)
			}
			if !reached && p.Way() != interrupt.Cancel {
				t.Errorf("it is not complete: %+v", c.Sync().Status())
			}
		})
}

// checkStore checks the chain store that an earlier life has left, if there is one.
func checkStore(t *testing.T, dir string, params *consensus.Params) {
	t.Helper()
	file := filepath.Join(spvd.Simnet.Dir(dir), spvd.ChainFile)
	store, err := chain.Open(chain.Config{Path: file, Params: params})
	if err != nil {
		t.Fatalf("the store that was left: %v", err)
	}
	if err := errors.Join(store.Check(t.Context()), store.Close()); err != nil {
		t.Errorf("the store that was left: %v", err)
	}
}

// complete waits until a client is synced at a block, has the payment, and has written the segment
// of the snapshot. It returns false if ctx ends before, or it takes an hour.
func complete(ctx context.Context, c *spvd.Client, tip consensus.BlockID) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range 3600 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
		synctest.Wait()
		st := c.Sync().Status()
		segments, err := c.Snapshots().Segments()
		w, opened := c.Wallet(wallet.DefaultName)
		if !st.Synced || st.Tip != tip || err != nil || len(segments) != 1 || opened != nil {
			continue
		}
		if b, err := w.Balances(ctx, 1); err == nil && b.Sum.Total == 5e8 {
			return true
		}
	}
	return false
}
