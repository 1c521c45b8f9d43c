package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/spv"
)

// notifier passes on the parameters of notifications.
type notifier chan json.RawMessage

// Notify implements wsrpc.Notifier.
func (n notifier) Notify(_ string, params json.RawMessage) error {
	n <- params
	return nil
}

// follower is a client that keeps its own copy of the chain.
type follower struct {
	*testing.T
	client *wsrpc.Client
	news   notifier
	chain  []string // hashes by height
	cursor string
	gaps   int
	lost   bool // the chain moved while it was read: the next step tells where to
}

// connect opens a connection and subscribes after the cursor.
func (f *follower) connect(address string) {
	f.Helper()
	f.news = make(notifier, 1000)
	c, err := wsrpc.Dial(f.Context(), "ws://"+address+"/ws",
		wsrpc.WithBasicAuth(rpctest.User, rpctest.Password), wsrpc.WithNotifier(f.news))
	if err != nil {
		f.Fatal(err)
	}
	f.client = c
	var sub api.Subscription
	if err := c.Call(f.Context(), "subscribe", &sub, api.TopicBlocks, f.cursor); err != nil {
		f.Fatal(err)
	}
	if f.cursor == "" {
		f.reload(sub.Cursor)
	}
}

// reload reads the chain up to the block of a cursor.
func (f *follower) reload(cursor string) {
	f.cursor = cursor
	var height int
	if _, err := fmt.Sscanf(cursor, "%d:", &height); err != nil {
		f.Fatal(err)
	}
	f.chain = make([]string, height+1)
	for i := range f.chain {
		if err := f.client.Call(f.Context(), "getblockhash", &f.chain[i], i); err != nil {
			f.lost = true // the chain is shorter now
			return
		}
	}
	_, trail, _ := strings.Cut(cursor, ":")
	hash, _, _ := strings.Cut(trail, ",")
	f.lost = f.chain[height] != hash
}

// until applies notifications until the tip is at the end of the copy.
func (f *follower) until(tip string) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	for f.chain[len(f.chain)-1] != tip {
		select {
		case params := <-f.news:
			var evs []api.BlocksEvent
			if err := json.Unmarshal(params, &evs); err != nil || len(evs) != 1 {
				f.Fatalf("notification %s: %v", params, err)
			}
			f.apply(&evs[0])
		case <-ctx.Done():
			f.Fatalf("the tip never came: at %d blocks", len(f.chain))
		}
	}
}

// apply demands that a step continues where the last one ended.
func (f *follower) apply(ev *api.BlocksEvent) {
	f.Helper()
	f.cursor = ev.Cursor
	if ev.Gap || f.lost {
		if ev.Gap {
			f.gaps++
		}
		f.reload(ev.Cursor)
		return
	}
	for _, b := range ev.Disconnected {
		if last := len(f.chain) - 1; b.Height != int64(last) || b.Hash != f.chain[last] {
			f.Fatalf("block %d is taken back, the tip is %d", b.Height, last)
		}
		f.chain = f.chain[:len(f.chain)-1]
	}
	for _, b := range ev.Connected {
		if b.Height != int64(len(f.chain)) {
			f.Fatalf("block %d is put on, the tip is %d", b.Height, len(f.chain)-1)
		}
		f.chain = append(f.chain, b.Hash)
	}
	if ev.Tip.Hash != f.chain[len(f.chain)-1] {
		f.Fatalf("the tip of the step is %d, not its last block", ev.Tip.Height)
	}
}

// grow replaces some of the last blocks by a branch with more work.
func grow(t *testing.T, d *rpctest.Daemon, random *rand.Rand) {
	t.Helper()
	back := random.IntN(5)
	d.Grow(t, back, back+1+random.IntN(4), nil)
}

// TestPropertyAFollowerHasTheChain lets a chain grow and reorganise at random
// under a client that comes and goes.
func TestPropertyAFollowerHasTheChain(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 0))
		d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 22})
		address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
		f := &follower{T: t}
		f.connect(address)
		for range 20 {
			if random.IntN(3) == 0 {
				f.client.Close()
				grow(t, d, random) // what happens meanwhile
				f.connect(address)
			}
			for range random.IntN(4) {
				grow(t, d, random)
			}
			c := d.Node.Chain()
			f.until(c.Tip().Hash.String())
			var copied []string
			for h := range c.Height() + 1 {
				copied = append(copied, c.ID(h).Hash.String())
			}
			if !slices.Equal(copied, f.chain) {
				t.Fatalf("seed %d: the copy differs from the chain", seed)
			}
		}
		f.client.Close()
	}
}

func TestAReorganisationBelowTheTrailIsAGap(t *testing.T) {
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 202})
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	f := &follower{T: t}
	f.connect(address)
	for _, change := range []struct{ takeBack, putOn, gaps int }{
		{6, 7, 0},       // deeper than what a new subscription remembers: the chain does
		{0, 150, 0},     // in two steps
		{99, 100, 0},    // as deep as it remembers by now
		{100, 101, 1},   // deeper
		{0, 2001, 2},    // more than is replayed
		{0, 2000, 2},    // as much
		{2000, 2001, 3}, // another chain
	} {
		d.Grow(t, change.takeBack, change.putOn, nil)
		f.until(d.Node.Chain().Tip().Hash.String())
		if f.gaps != change.gaps {
			t.Fatalf("%+v: %d gaps", change, f.gaps)
		}
	}
	f.client.Close()
}

// TestBlocksBeginAfterTheFirstSync subscribes before the daemon finds its node.
func TestBlocksBeginAfterTheFirstSync(t *testing.T) {
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 3, Unreachable: true})
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	conn := mustDialWS(t, address)
	if err := d.Core.Syncer.Wait(t.Context(), func(st spv.Status) bool { return st.Initialised }); err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":["blocks"],"id":1}`)
	d.Connect()
	var n struct {
		Method string
		Params []api.BlocksEvent
	}
	if err := json.Unmarshal([]byte(receive(t, conn)), &n); err != nil || n.Method != api.TopicBlocks || len(n.Params) != 1 {
		t.Fatalf("%+v, %v", n, err)
	}
	if ev := n.Params[0]; len(ev.Connected) != 3 || ev.Tip.Height != 3 || !d.Core.Syncer.Status().FirstSyncDone {
		t.Errorf("after the first sync: %+v", ev)
	}
}
