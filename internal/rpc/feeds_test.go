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

// TestPropertyAFollowerHasTheChain lets a chain grow and reorganise at random
// under a client that comes and goes.
func TestPropertyAFollowerHasTheChain(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 0))
		d := rpctest.New()
		d.Grow(0, 20)
		address, _ := rpctest.Start(t, rpctest.Config(d))
		f := &follower{T: t}
		f.connect(address)
		for range 20 {
			if random.IntN(3) == 0 {
				f.client.Close()
				d.Grow(random.IntN(5), 1+random.IntN(8)) // what happens meanwhile
				f.connect(address)
			}
			for range random.IntN(4) {
				d.Grow(random.IntN(5), 1+random.IntN(8))
			}
			hash, height, err := d.Best()
			if err != nil {
				t.Fatal(err)
			}
			f.until(hash.String())
			var copied []string
			for h := range height + 1 {
				at, err := d.HashAt(h)
				if err != nil {
					t.Fatal(err)
				}
				copied = append(copied, at.String())
			}
			if !slices.Equal(copied, f.chain) {
				t.Fatalf("seed %d: the copy differs from the chain", seed)
			}
		}
		f.client.Close()
	}
}

func TestAReorganisationBelowTheTrailIsAGap(t *testing.T) {
	d := rpctest.New()
	d.Grow(0, 200)
	address, _ := rpctest.Start(t, rpctest.Config(d))
	f := &follower{T: t}
	f.connect(address)
	for _, change := range []struct{ takeBack, putOn, gaps int }{
		{6, 7, 1},       // deeper than what a new subscription remembers
		{0, 150, 1},     // in two steps
		{99, 100, 1},    // as deep as it remembers by now
		{100, 101, 2},   // deeper
		{0, 2001, 3},    // more than is replayed
		{0, 2000, 3},    // as much
		{2000, 2001, 4}, // another chain
	} {
		d.Grow(change.takeBack, change.putOn)
		hash, _, err := d.Best()
		if err != nil {
			t.Fatal(err)
		}
		f.until(hash.String())
		if f.gaps != change.gaps {
			t.Fatalf("%+v: %d gaps", change, f.gaps)
		}
	}
	f.client.Close()
}

// TestASlowClientHoldsNobodyUp has a client that reads nothing while the status
// changes by more than its connection holds.
func TestASlowClientHoldsNobodyUp(t *testing.T) {
	d := rpctest.New()
	address, _ := rpctest.Start(t, rpctest.Config(d))
	slow, quick := mustDialWS(t, address), mustDialWS(t, address)
	slow.SetReadLimit(1 << 20)
	send(t, slow, `{"jsonrpc":"2.0","method":"subscribe","params":["syncstatus"],"id":1}`)
	const changes = 3000
	st := rpctest.SyncedStatus()
	st.Reason = strings.Repeat("x", 20_000)
	for range changes {
		st.Seq++
		d.SetStatus(st)
		if st.Seq%100 == 0 {
			exchange(t, quick, countRequest)
		}
	}
	seen := 0
	for last := uint64(0); last != st.Seq; seen++ {
		var n struct {
			Method string
			Params []api.SyncStatus
		}
		if err := json.Unmarshal([]byte(receive(t, slow)), &n); err != nil {
			t.Fatal(err)
		}
		if n.Method != api.TopicSyncStatus {
			continue
		}
		if n.Params[0].Seq <= last {
			t.Fatalf("%d follows %d", n.Params[0].Seq, last)
		}
		last = n.Params[0].Seq
	}
	if seen >= changes {
		t.Errorf("all %d statuses were kept for a slow client", seen)
	}
}

func TestBlocksBeginAfterTheFirstSync(t *testing.T) {
	d := rpctest.New()
	st := d.Status()
	st.InitialBlockDownload = true
	d.SetStatus(st)
	address, _ := rpctest.Start(t, rpctest.Config(d))
	conn := mustDialWS(t, address)
	exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":["blocks"],"id":1}`)
	d.Grow(0, 1)
	if got := exchange(t, conn, countRequest); !strings.Contains(got, `"result":3`) {
		t.Errorf("during the first sync: %s", got)
	}
	st = d.Status()
	st.InitialBlockDownload = false
	st.Seq++
	d.SetStatus(st)
	if got := receive(t, conn); !strings.Contains(got, `"method":"blocks"`) || !strings.Contains(got, `"connected":[{"height":3,`) {
		t.Errorf("after it: %s", got)
	}
}
