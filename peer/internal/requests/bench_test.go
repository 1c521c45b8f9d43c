package requests

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// bench is a Dispatcher under test, in a bubble of virtual time, with connections to scripted
// nodes. A connection that has ended is not made again.
type bench struct {
	*Dispatcher
	t      *testing.T // the one of the bubble
	ctx    context.Context
	opener *conn.Opener
	roster roster.Roster
	wg     sync.WaitGroup

	mu       sync.Mutex
	ended    map[p2p.PeerID]fault.Reason // why connections have ended
	timedOut int                         // requests that have reached their deadline
}

// noTxs knows of no unmined transactions.
type noTxs struct{ conn.Txs }

func (noTxs) Missing(p2p.PeerID, []chainhash.Hash) []chainhash.Hash { return nil }

// run runs a test with connections to the scripted nodes, whose ids rise from one in their order.
// It ends when the test returns, and fails if a request is in flight, or waits, then.
func run(t *testing.T, tune func(*Deps), scripts []func(*peertest.Node), test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := &bench{t: t, ctx: ctx, ended: make(map[p2p.PeerID]fault.Reason)}
		deps := Deps{
			Genesis:     peertest.Params.GenesisHash,
			MaxRequests: 512,
			MaxBytes:    8 << 20,
			Stall:       10 * time.Second,
			Score:       func(string) float64 { return 0 },
			Blocks:      func(string) int { return 0 },
			SetBlocks:   func(string, int) {},
			TimedOut:    func(string) { b.count() },
			Malformed:   func(id p2p.PeerID, err error) { t.Errorf("block of peer %d: %v", id, err) },
			LateReply:   func() {},
		}
		if tune != nil {
			tune(&deps)
		}
		b.Dispatcher = New(deps)
		b.opener = conn.NewOpener(conn.Config{
			Net: peertest.Params.Net, UserAgent: "/spvd:0.1.0/", Log: slog.New(slog.DiscardHandler),
			Now: time.Now, Rand: rand.Uint64,
			HandshakeTimeout: 15 * time.Second, WriteTimeout: 20 * time.Second,
			PingEvery: time.Minute, PongTimeout: 30 * time.Second,
			RequestStall: deps.Stall, RequestMax: 90 * time.Second,
			MinRate: 1 << 10, MaxRequests: deps.MaxRequests,
			Txs: noTxs{}, Defect: func() { t.Error("a panic over data of a peer") },
		})
		for _, s := range scripts {
			b.connect(s)
		}
		synctest.Wait()
		test(t, b)
		synctest.Wait()
		for _, p := range b.roster.Live() {
			if l := b.Load(p); l.Requests != 0 || l.Bytes != 0 {
				t.Errorf("peer %s has %d requests, %d bytes in flight after the test", p.Addr, l.Requests, l.Bytes)
			}
		}
		if n := len(b.queue.waiting); n != 0 {
			t.Errorf("%d requests wait after the test", n)
		}
		cancel()
		b.wg.Wait()
	})
}

// connect connects to a scripted node, and serves the connection to its end.
func (b *bench) connect(script func(*peertest.Node)) {
	b.t.Helper()
	ours, theirs := net.Pipe()
	b.wg.Go(func() {
		defer theirs.Close()
		script(peertest.NewNode(b.t, theirs))
	})
	addr := string(rune('a'+len(b.roster.All()))) + ":1"
	c, err := b.opener.Open(b.ctx, ours, addr, false)
	if err != nil {
		b.t.Fatal(err)
	}
	p := roster.NewPeer(c, addr, roster.Wanted, time.Now())
	b.roster.Join(p, func() { b.Join(p) })
	b.wg.Go(func() {
		why := c.Run(b.ctx, p.ID, conn.Handler{
			Announced: func() {},
			Addresses: func([]addrbook.Announced) {},
			Late:      func(r *conn.Request, payload []byte) { b.Replied(p, r, payload) },
			Fault:     func(r fault.Reason, err error) { b.t.Errorf("peer %d: %v, %v", p.ID, r, err) },
		})
		b.Leave(p)
		b.roster.Leave(p)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ended[p.ID] = why.Reason
	})
}

// count counts a request that has reached its deadline.
func (b *bench) count() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timedOut++
}

// endings returns how many requests have reached their deadline, and why connections have ended.
func (b *bench) endings() (timedOut int, ended map[p2p.PeerID]fault.Reason) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.timedOut, b.ended
}

// only returns the only live peer.
func (b *bench) only() *roster.Peer {
	b.t.Helper()
	live := b.roster.Live()
	if len(live) != 1 {
		b.t.Fatalf("%d live peers, want one", len(live))
	}
	return live[0]
}

// inFlight returns how many requests are in flight to the only live peer.
func (b *bench) inFlight() int { return b.Load(b.only()).Requests }
