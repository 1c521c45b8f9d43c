package e2e

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proxy"
)

// cleanStop bounds how long spvd may take to stop from any phase.
const cleanStop = 10 * time.Second

// newDaemon starts a daemon with an empty data directory on the given peers.
func (s *stage) newDaemon(t *testing.T, peers ...string) *daemon.Daemon {
	t.Helper()
	return s.startDaemon(t, t.TempDir(), peers...)
}

// startDaemon starts a daemon. When the test ends the daemon has to stop in
// order, unless the test has ended it.
func (s *stage) startDaemon(t *testing.T, dir string, peers ...string) *daemon.Daemon {
	t.Helper()
	return s.startDaemonWith(t, dir, nil, peers...)
}

// startDaemonWith does the same with more arguments.
func (s *stage) startDaemonWith(t *testing.T, dir string, args []string, peers ...string) *daemon.Daemon {
	t.Helper()
	d, err := daemon.Start(t.Context(), daemon.Config{
		Programs: s.programs,
		Dir:      dir,
		Peers:    peers,
		Args:     append([]string{"--debuglevel=debug"}, args...), // shown when a test fails
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of spvd:\n%s", d.Output())
		}
		stopDaemon(t, d)
	})
	return d
}

// stopDaemon wants the daemon to stop in order, and in time.
func stopDaemon(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	if d.Ended() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanStop)
	defer cancel()
	code, err := d.Stop(ctx)
	if err != nil || code != 0 {
		t.Errorf("stop: exit code %d, %v, want 0\n%s", code, err, d.Output())
	}
}

// newProxy runs a proxy before a node for the time of the test.
func newProxy(t *testing.T, n *node.Node, gate proxy.Gate) *proxy.Proxy {
	t.Helper()
	p, err := proxy.New(proxy.Config{Target: n.Addr(), Network: wire.SimNet, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return p.Run(ctx) })
	t.Cleanup(func() {
		stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// awaitFrames waits until the proxy's state is as it should be.
func awaitFrames(t *testing.T, p *proxy.Proxy, what string, holds func(proxy.State) bool) {
	t.Helper()
	if err := p.Wait(deadline(t), holds); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// awaitHeld waits until the proxy holds a message.
func awaitHeld(t *testing.T, p *proxy.Proxy) {
	t.Helper()
	awaitFrames(t, p, "hold a message", func(s proxy.State) bool { return s.Held > 0 })
}

// awaitTip waits until the daemon is synced at the node's tip.
func awaitTip(t *testing.T, d *daemon.Daemon, n *node.Node) daemon.Status {
	t.Helper()
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st, err := d.Follow(deadline(t), tip.Hash.String())
	if err != nil {
		t.Fatalf("to height %d: %v", tip.Height, err)
	}
	if st.Tip.Height != tip.Height {
		t.Errorf("synced at %v, height %d, but the node says %d", tip.Hash, st.Tip.Height, tip.Height)
	}
	return st
}

// sameChain wants the daemon to have the node's headers and filters from a
// height to the tip.
func sameChain(t *testing.T, d *daemon.Daemon, n *node.Node, from int64) {
	t.Helper()
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var count int64
	if err := d.Call(t.Context(), "getblockcount", &count); err != nil {
		t.Fatal(err)
	}
	if count != tip.Height {
		t.Fatalf("getblockcount %d, want %d", count, tip.Height)
	}
	for height := from; height <= tip.Height; height++ {
		sameBlock(t, d, n, height)
	}
}

// sameBlock wants the daemon to have the node's header and filter at a height.
func sameBlock(t *testing.T, d *daemon.Daemon, n *node.Node, height int64) {
	t.Helper()
	want, err := n.Hash(t.Context(), height)
	if err != nil {
		t.Fatal(err)
	}
	var hash string
	if err := d.Call(t.Context(), "getblockhash", &hash, height); err != nil {
		t.Fatal(err)
	}
	if hash != want.String() {
		t.Fatalf("block %d is %s, want %v", height, hash, want)
	}
	var mine, theirs string
	if err := d.Call(t.Context(), "getblockheader", &mine, hash, false); err != nil {
		t.Fatal(err)
	}
	if err := n.Call(t.Context(), "getblockheader", &theirs, hash, false); err != nil {
		t.Fatal(err)
	}
	if mine != theirs {
		t.Fatalf("header %d is %s, want %s", height, mine, theirs)
	}
	filter, err := d.Filter(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	wantFilter, err := n.Filter(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(filter, wantFilter) {
		t.Fatalf("filter %d is %x, want %x", height, filter, wantFilter)
	}
}

// logged reports whether the daemon has logged a line that holds a text.
func logged(d *daemon.Daemon, text string) bool { return strings.Contains(d.Output(), text) }

// awaitEither waits until one of the proxies holds a message.
func awaitEither(t *testing.T, proxies []*proxy.Proxy) {
	t.Helper()
	ctx, found := context.WithCancel(deadline(t))
	defer found()
	var g errgroup.Group
	for _, p := range proxies {
		g.Go(func() error {
			err := p.Wait(ctx, func(s proxy.State) bool { return s.Held > 0 })
			if err == nil {
				found()
			}
			return err
		})
	}
	_ = g.Wait() // the slower one was interrupted
	for _, p := range proxies {
		if p.State().Held > 0 {
			return
		}
	}
	t.Fatal("no proxy holds a message")
}
