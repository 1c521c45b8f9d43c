package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// town is a network on loopback that can be cut off and comes back at the same
// addresses.
type town struct {
	chain   *testnet.Chain
	addrs   []string
	cut     context.CancelFunc
	serving sync.WaitGroup
}

// newTown returns a network of so many nodes, not served yet.
func newTown(t testing.TB, c *testnet.Chain, count int) *town {
	t.Helper()
	tn := &town{chain: c}
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tn.addrs = append(tn.addrs, l.Addr().String())
		l.Close()
	}
	t.Cleanup(tn.close)
	return tn
}

// open lets clients reach the nodes.
func (tn *town) open(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	tn.cut = cancel
	network := testnet.NewNetwork(1, nil)
	tn.serving.Go(func() { _ = network.Run(ctx) })
	for _, addr := range tn.addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		host := network.Add(addr, testnet.NewNode(testnet.NodeConfig{Chain: tn.chain}), link.Shape{})
		tn.serving.Go(func() {
			if err := network.ServeTCP(ctx, host, l); err != nil {
				t.Error(err)
			}
		})
	}
}

// close cuts all connections, and refuses new ones.
func (tn *town) close() {
	if tn.cut != nil {
		tn.cut()
		tn.serving.Wait()
		tn.cut = nil
	}
}

// flags make a daemon look for the nodes with the option of a name.
func (tn *town) flags(option string) (flags []string) {
	for _, addr := range tn.addrs {
		flags = append(flags, "--"+option+"="+addr)
	}
	return flags
}

// until asks for the status until it fits, and returns it.
func (c client) until(t *testing.T, within time.Duration, what string, fits func(*api.SyncStatus) bool) api.SyncStatus {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); ; <-ticker.C {
		var st api.SyncStatus
		if err := c.call(t, "syncstatus", &st); err != nil {
			t.Fatal(err)
		}
		if fits(&st) {
			return st
		}
		if time.Since(began) > within {
			t.Fatalf("not %s within %v: %+v", what, within, st)
		}
	}
}

// TestDaemonOutlivesItsPeers checks over JSON-RPC that a daemon which loses all its
// peers reports that it is no longer synced, with a reason, and is synced again without a
// restart when they are back, with the blocks that were mined meanwhile.
func TestDaemonOutlivesItsPeers(t *testing.T) {
	for _, option := range []string{"connect", "addpeer"} {
		t.Run(option, func(t *testing.T) {
			best, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks})
			if err != nil {
				t.Fatal(err)
			}
			tn := newTown(t, best, 8)
			tn.open(t)
			dir := t.TempDir()
			d := startDaemon(t, append([]string{"--appdata", dir, "--notls"}, tn.flags(option)...)...)
			c := dial(t, d, dir)
			d.await(t, fmt.Sprintf("Synced at height %d", blocks))

			tn.close()
			st := c.until(t, 10*time.Second, "out of step", func(st *api.SyncStatus) bool { return !st.Synced && st.Peers == 0 })
			if st.Reason == "" || st.Ratio == 1 {
				t.Errorf("without peers: reason %q, ratio %v", st.Reason, st.Ratio)
			}
			tn.chain = best.Extend(3)
			tn.open(t)
			c.until(t, time.Minute, "synced again", func(st *api.SyncStatus) bool {
				return st.Synced && int(st.Tip.Height) == blocks+3
			})
		})
	}
}
