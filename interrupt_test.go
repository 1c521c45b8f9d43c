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
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	store "github.com/spvd/spvd/spv/chain"
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
// in a first sync with a wallet and votes to verify, with a snapshot to write, or with pruning: it
// stops in time, leaves a store that passes its check, and nothing that is open or runs; and it gets
// to the tip, has the payments, and the snapshot, or no more filters than it has to keep, at once or
// when it is started again.
func TestClientInterruptedAnywhere(t *testing.T) {
	addr, err := stdaddr.DecodeAddress("SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR", chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	generate := func(blocks, more int, pays ...consensus.Height) (chains []*testnet.Chain) {
		plan := testnet.Plan{}
		for _, h := range pays {
			plan.Pay(h, script, 5e8)
		}
		c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks + more, Plan: plan})
		if err != nil {
			t.Fatal(err)
		}
		if more > 0 {
			chains = append(chains, c.Fork(consensus.Height(blocks), 0, 0))
		}
		return append(chains, c)
	}
	t.Run("snapshot", func(t *testing.T) {
		l := clientLife{
			chains: generate(400, 0, 30),
			with: func(cfg *spvd.Config) {
				cfg.SnapshotDir, cfg.VerifyVotes = filepath.Join(cfg.Dir, "snapshot"), 1e8
			},
			total: 5e8,
			done: func(c *spvd.Client, _ *testnet.Chain) bool {
				segments, err := c.Snapshots().Segments()
				return err == nil && len(segments) == 1
			},
		}
		interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill}, l.live)
	})
	t.Run("pruning", func(t *testing.T) { // filters are deleted before the last blocks come, and after
		const first, more = int(spv.PruneDepth) + 300, 310
		l := clientLife{
			chains: generate(first, more, 30, 290, 310, 1700, consensus.Height(first+20)),
			with:   func(cfg *spvd.Config) { cfg.Prune = true },
			total:  5 * 5e8,
			done: func(c *spvd.Client, at *testnet.Chain) bool {
				st := c.Sync().Status()
				return st.Floor >= at.Height()+1-spv.PruneDepth-288 && st.Floor > 0 && !st.Backfill
			},
		}
		interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill}, l.live)
	})
}

// clientLife is the life of a client, which is interrupted.
type clientLife struct {
	chains []*testnet.Chain // of the node, each one when the client is done with that before
	with   func(cfg *spvd.Config)
	total  dcrutil.Amount // that the wallet has in the end
	done   func(c *spvd.Client, at *testnet.Chain) bool
}

func (l *clientLife) live(t *testing.T, dir string, p *interrupt.Points) {
	chains := l.chains
	if p.Again() {
		chains = chains[len(chains)-1:] // the client may have blocks of the last one
	}
	last := chains[len(chains)-1]
	network := testnet.NewNetwork(1, nil)
	node := testnet.NewNode(testnet.NodeConfig{Chain: chains[0]})
	network.Add(nodeAddr, node, link.Shape{Latency: 5 * time.Millisecond})
	defer running(t, network.Run)()
	ahead := time.Until(last.Now())
	var open atomic.Int32
	cfg := spvd.Config{
		Dir: dir, Network: spvd.Simnet, Connect: []string{nodeAddr},
		Now:      func() time.Time { return time.Now().Add(ahead) },
		Accounts: []spvd.Account{{Name: "default", Xpub: xpub}},
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
	l.with(&cfg)
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
	reached := true
	for n, chain := range chains {
		if n > 0 {
			node.SetChain(chain)
		}
		reached = reached && l.complete(ctx, c, chain, chain == last)
	}
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
}

// checkStore checks the chain store that an earlier life has left, if there is one.
func checkStore(t *testing.T, dir string, params *consensus.Params) {
	t.Helper()
	file := filepath.Join(spvd.Simnet.Dir(dir), spvd.ChainFile)
	left, err := store.Open(store.Config{Path: file, Params: params})
	if err != nil {
		t.Fatalf("the store that was left: %v", err)
	}
	if err := errors.Join(left.Check(t.Context()), left.Close()); err != nil {
		t.Errorf("the store that was left: %v", err)
	}
}

// complete waits until a client is synced with a chain and done, and in the end has what it was paid.
// It returns false if ctx ends before, or it takes an hour.
func (l *clientLife) complete(ctx context.Context, c *spvd.Client, chain *testnet.Chain, end bool) bool {
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
		w, err := c.Wallet(wallet.DefaultName)
		if !st.Synced || st.Tip != chain.Tip() || err != nil || !l.done(c, chain) {
			continue
		}
		if b, err := w.Balances(ctx, 1); err == nil && (b.Sum.Total == l.total || !end) {
			return true
		}
	}
	return false
}
