package serve

import (
	"context"
	"errors"
	"flag"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

var points = flag.Int("points", 12, "number of blocking points that the server is struck at, zero for all")

// pointedWorld is a world of which each operation is a blocking point.
type pointedWorld struct {
	*world
	p    *interrupt.Points
	open atomic.Int32 // listeners and connections
	said atomic.Bool  // a trouble named the injected error
}

func (w *pointedWorld) HeadersAfter(locator []chainhash.Hash, stop chainhash.Hash, most int, fn func(h *consensus.Header)) (int, error) {
	if err := w.p.Do("read headers"); err != nil {
		return 0, err
	}
	return w.world.HeadersAfter(locator, stop, most, fn)
}

func (w *pointedWorld) FiltersBetween(start, end chainhash.Hash, most int, fn func(block *chainhash.Hash, filter []byte)) error {
	if err := w.p.Do("read filters"); err != nil {
		return err
	}
	return w.world.FiltersBetween(start, end, most, fn)
}

func (w *pointedWorld) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	if err := w.p.Pass(ctx, "fetch a block"); err != nil {
		return nil, err
	}
	return w.world.Block(ctx, hash)
}

func (w *pointedWorld) Publish(ctx context.Context, tx *wire.MsgTx, source string) error {
	if err := w.p.Pass(ctx, "publish"); err != nil {
		return err
	}
	return w.world.Publish(ctx, tx, source)
}

func (w *pointedWorld) bind(ctx context.Context, address string) (net.Listener, error) {
	if err := w.p.Pass(ctx, "listen"); err != nil {
		return nil, err
	}
	l, err := w.world.bind(ctx, address)
	w.open.Add(1)
	return &pointedListener{Listener: l, w: w}, err
}

type pointedListener struct {
	net.Listener
	w      *pointedWorld
	closed atomic.Bool
}

func (l *pointedListener) Accept() (net.Conn, error) {
	if err := l.w.p.Do("accept"); err != nil {
		return nil, err
	}
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.w.open.Add(1)
	return &pointedConn{Conn: c, w: l.w}, nil
}

func (l *pointedListener) Close() error {
	if l.closed.CompareAndSwap(false, true) {
		l.w.open.Add(-1)
	}
	return l.Listener.Close()
}

type pointedConn struct {
	net.Conn
	w      *pointedWorld
	closed atomic.Bool
}

func (c *pointedConn) Read(b []byte) (int, error) {
	if err := c.w.p.Do("read a connection"); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *pointedConn) Write(b []byte) (int, error) {
	if err := c.w.p.Do("write a connection"); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *pointedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.w.open.Add(-1)
	}
	return c.Conn.Close()
}

// TestInterruptedAnywhere: whatever happens to the server while it listens, accepts, reads, writes,
// reads the chain, fetches a block and publishes, a client that asks again is answered in the end, and
// nothing stays open or runs. It has no files, so that there is nothing to be killed over.
func TestInterruptedAnywhere(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 30})
	if err != nil {
		t.Fatal(err)
	}
	interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail}, func(t *testing.T, _ string, p *interrupt.Points) {
		w := &pointedWorld{world: newWorld(t, c), p: p}
		ctx, cancel := context.WithCancel(t.Context())
		p.OnCancel(cancel)
		stop := w.serve(ctx, func(cfg *Config) {
			cfg.Chain, cfg.Network, cfg.Bind = func() (Chain, error) { return w, nil }, w, w.bind
			report := cfg.Report
			cfg.Report = func(list ...string) {
				if strings.Contains(strings.Join(list, " "), interrupt.ErrInjected.Error()) {
					w.said.Store(true)
				}
				report(list...)
			}
		})
		served := false
		for range 60 {
			if served = w.used(ctx) == nil; served || ctx.Err() != nil || wait.For(ctx, 10*time.Second) != nil {
				break
			}
		}
		began := time.Now()
		stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopping took %v", took)
		}
		cancel()
		if n := w.open.Load(); n != 0 {
			t.Errorf("%d listeners and connections are open", n)
		}
		if !served && p.Way() != interrupt.Cancel {
			t.Error("the client is not served")
		}
		what := p.Struck()
		if p.Way() == interrupt.Fail && (what == "listen" || what == "accept") != w.said.Load() {
			t.Errorf("struck at %q, the trouble is reported: %v", what, w.said.Load())
		}
	})
}

// used has a client use all that is served. The error says what it did not get; it gives up after five
// minutes.
func (w *pointedWorld) used(ctx context.Context) error {
	w.mu.Lock()
	l := w.listeners[listenAt]
	w.dials++
	from := &net.TCPAddr{IP: net.ParseIP("192.0.2.9"), Port: w.dials}
	w.passed = nil
	w.mu.Unlock()
	if l == nil {
		return errors.New("nobody listens")
	}
	ours, theirs := net.Pipe()
	defer ours.Close()
	stop := context.AfterFunc(ctx, func() { ours.Close() })
	defer stop()
	select {
	case l.conns <- namedConn{theirs, from}:
	case <-l.closed:
		return errors.New("nobody listens any longer")
	case <-time.After(5 * time.Minute):
		return errors.New("nobody accepts")
	}
	if err := ours.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		return err
	}
	simnet := w.chain.Params().ChainParams.Net
	send := func(ms ...wire.Message) error {
		for _, m := range ms {
			if err := wire.WriteMessage(ours, m, 11, simnet); err != nil {
				return err
			}
		}
		return nil
	}
	expect := func(cmds ...string) error {
		for len(cmds) > 0 {
			m, _, err := wire.ReadMessage(ours, 11, simnet)
			if err != nil {
				return err
			}
			if m.Command() == "notfound" {
				return errors.New("a block was not found")
			}
			if m.Command() == cmds[0] {
				cmds = cmds[1:]
			}
		}
		return nil
	}
	first, tip := w.chain.ID(1).Hash, w.chain.Tip().Hash
	headers := wire.NewMsgGetHeaders()
	headers.BlockLocatorHashes = pointers(w.chain.ID(0).Hash)
	block := wire.NewMsgGetData()
	block.InvList = inv(wire.InvTypeBlock, tip)
	tx := w.chain.Block(1).Transactions[0]
	announced := wire.NewMsgInv()
	announced.InvList = inv(wire.InvTypeTx, tx.TxHash())
	for _, step := range []func() error{
		func() error { return send(versionOf(11)) }, func() error { return expect("version", "verack") },
		func() error { return send(wire.NewMsgVerAck(), wire.NewMsgSendHeaders(), headers) }, func() error { return expect("headers") },
		func() error { return send(wire.NewMsgGetCFsV2(&first, &tip)) }, func() error { return expect("cfiltersv2") },
		func() error { return send(wire.NewMsgGetCFilterV2(&tip)) }, func() error { return expect("cfilterv2") },
		func() error { return send(block) }, func() error { return expect("block") },
		func() error { return send(announced) }, func() error { return expect("getdata") },
		func() error { return send(tx) },
		func() error { return send(wire.NewMsgPing(1)) }, func() error { return expect("pong") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if wait.For(ctx, time.Second) != nil {
		return context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.passed) == 0 {
		return errors.New("the transaction is not published")
	}
	return nil
}
