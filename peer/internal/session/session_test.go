package session

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/peer/internal/roster"
)

// bench is a Maker under test, with the parts below it.
type bench struct {
	*Maker
	roster roster.Roster
	dialed []string
	script func(*peertest.Node) // of every node; nil refuses connections
	nodes  sync.WaitGroup
}

func newBench(t *testing.T, script func(*peertest.Node)) *bench {
	b := &bench{script: script}
	log := slog.New(slog.DiscardHandler)
	nothing := func() {}
	b.Maker = New(Deps{
		Log: log, Now: time.Now, Timeout: 10 * time.Second,
		Dial: func(ctx context.Context, _, addr string) (net.Conn, error) { return b.dial(t, addr) },
		Opener: conn.NewOpener(conn.Config{
			Net: peertest.Params.Net, UserAgent: "/spvd:0.1.0/", Log: log, Now: time.Now, Rand: rand.Uint64,
			HandshakeTimeout: time.Minute, WriteTimeout: time.Minute, PingEvery: time.Minute, PongTimeout: time.Minute,
		}),
		AskTxs: func() bool { return false },
		Network: connectivity.New(connectivity.Deps{
			Log: log, Rand: rand.Uint64, ProbeEvery: time.Second, Connected: func() bool { return !b.roster.Empty() }, Changed: nothing,
		}),
		Book: addrbook.NewGuarded(addrbook.Config{Port: 9108}, rand.New(rand.NewPCG(1, 2)), time.Now),
		Bans: misbehavior.NewTracker(misbehavior.Deps{
			Log: log, Now: time.Now, For: time.Hour, End: func(func(addr, host string) bool) {}, Lifted: nothing, Unsaved: nothing,
		}),
		Roster: &b.roster,
		Join:   func(p *roster.Peer) { b.roster.Join(p, nothing) },
		Leave:  b.roster.Leave,
		Handler: func(*roster.Peer) conn.Handler {
			return conn.Handler{Fault: func(r fault.Reason, err error) { t.Errorf("%v: %v", r, err) }}
		},
	})
	return b
}

func (b *bench) dial(t *testing.T, addr string) (net.Conn, error) {
	b.dialed = append(b.dialed, addr)
	if b.script == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	b.nodes.Go(func() {
		defer theirs.Close()
		b.script(peertest.NewNode(t, theirs))
	})
	return ours, nil
}

// entry returns the entry of the book for an address; its address is empty if there is none.
func (b *bench) entry(addr string) addrbook.Entry {
	for _, e := range b.deps.Book.Entries() {
		if e.Addr == addr {
			return e
		}
	}
	return addrbook.Entry{}
}

// learn adds an address to the book that one source announces.
func (b *bench) learn(addr string) {
	b.deps.Book.Learn("9.9.9.9:1", []addrbook.Announced{{Addr: addr, Services: 1, Seen: time.Now()}})
}

// serve makes a connection and serves it to its end.
func (b *bench) serve(ctx context.Context, addr string) (time.Duration, *fault.Error) {
	return b.Serve(ctx, Plan{Addr: addr, Role: roster.Outbound, Dialled: func() {}})
}

// TestServe checks the order in which a connection is reported, and what the book knows of its
// address during and after it.
func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const addr, life = "44.1.1.1:9108", 7 * time.Second
		b := newBench(t, func(n *peertest.Node) {
			n.Welcome()
			hangUp := time.AfterFunc(life, func() { n.Conn.Close() })
			defer hangUp.Stop()
			n.Drain()
		})
		defer b.nodes.Wait()
		b.learn(addr)
		var order []string
		lived, why := b.Serve(t.Context(), Plan{Addr: addr, Role: roster.Outbound,
			Dialled: func() {
				order = append(order, "dialled")
				if !b.roster.Empty() || !b.deps.Network.Dialling() {
					t.Error("the peer is listed, or its dial over, before it is dialled")
				}
			},
			Joined: func(p *roster.Peer) {
				order = append(order, "joined")
				if b.roster.Get(p.ID) != p || p.Addr != addr || p.Role() != roster.Outbound || !b.deps.Network.Dialling() {
					t.Errorf("joined: %+v", p)
				}
				if b.entry(addr).Worked.IsZero() {
					t.Error("the book does not know that the address works")
				}
			},
		})
		if lived != life || why.Reason != fault.ClosedByPeer || len(order) != 2 || order[0] != "dialled" {
			t.Errorf("served for %v: %v, in the order %q", lived, why, order)
		}
		if !b.roster.Empty() || b.deps.Network.Dialling() {
			t.Error("the peer is listed, or being dialled, after its connection")
		}
	})
}

// TestFailuresCount checks when a failed dial counts against its address: only if the network is up
// and another peer connected, and not if the connection lived for long or was ended by us.
func TestFailuresCount(t *testing.T) {
	const addr = "44.1.1.1:9108"
	hangUp := func(after time.Duration) func(*peertest.Node) {
		return func(n *peertest.Node) {
			n.Welcome()
			timer := time.AfterFunc(after, func() { n.Conn.Close() })
			defer timer.Stop()
			n.Drain()
		}
	}
	for _, test := range []struct {
		name   string
		script func(*peertest.Node)
		peers  bool
		known  bool
		counts int
	}{
		{"refused without peers", nil, false, true, 0},
		{"refused with a peer", nil, true, true, 1},
		{"ended soon", hangUp(time.Second), true, true, 1},
		{"ended late", hangUp(dialing.Stable), true, true, 0},
		{"too old", peertest.Introduce(func(v, _ *wire.MsgVersion) { v.ProtocolVersion = 10 }), true, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, hangUp(time.Hour))
			defer b.nodes.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.peers {
				b.nodes.Go(func() { b.serve(ctx, "44.2.1.1:9108") })
				synctest.Wait()
			}
			b.script = test.script
			b.learn(addr)
			b.serve(t.Context(), addr)
			if e := b.entry(addr); (e.Addr != "") != test.known || e.Failures != test.counts {
				t.Errorf("%s: known %q, %d failures", test.name, e.Addr, e.Failures)
			}
		})
	}
}

// TestTest checks that a test makes a handshake, closes the connection, and records the result.
func TestTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(n *peertest.Node) { n.Welcome(); n.Drain() })
		b.learn("44.1.1.1:9108")
		b.Test(t.Context(), "44.1.1.1:9108")
		b.nodes.Wait()
		if tried, _ := b.deps.Book.Len(); tried != 1 || !b.roster.Empty() {
			t.Errorf("%d tried addresses, peers %v", tried, b.roster.All())
		}
	})
}

// TestConnectIsBoundToItsContext checks that a dial that waits for its turn ends with its context.
func TestConnectIsBoundToItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		for range 100 {
			b.reserve()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if nc, err := b.Connect(ctx, "44.1.1.1:9108"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("connected: %v, %v", nc, err)
		}
		if n := len(b.dialed); n != 0 {
			t.Errorf("%d dials", n)
		}
	})
}

// TestOnionNeedsAProxy checks that the name of a Tor service reaches only a dialler that does not
// look it up.
func TestOnionNeedsAProxy(t *testing.T) {
	onion := addrbook.OnionName([32]byte{1}) + ":9108"
	b := newBench(t, nil)
	if _, err := b.Connect(t.Context(), onion); !errors.Is(err, ErrNoOnion) || len(b.dialed) != 0 {
		t.Errorf("without a proxy: %v, dialled %q", err, b.dialed)
	}
	b.deps.Onion = true
	if _, err := b.Connect(t.Context(), onion); errors.Is(err, ErrNoOnion) || len(b.dialed) != 1 {
		t.Errorf("through a proxy: %v, dialled %q", err, b.dialed)
	}
}

// TestBannedWhileDialled checks that a connection ends at once whose host is banned while it is
// being made, when the ban finds no peer to disconnect.
func TestBannedWhileDialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const addr = "44.1.1.1:9108"
		b := newBench(t, func(n *peertest.Node) { n.Welcome(); n.Drain() })
		defer b.nodes.Wait()
		lived, why := b.Serve(t.Context(), Plan{Addr: addr, Role: roster.Outbound, Dialled: func() {
			if err := b.deps.Bans.Ban("44.1.1.1", time.Hour); err != nil {
				t.Error(err)
			}
		}})
		if lived != 0 || why.Reason != fault.Unwanted {
			t.Errorf("served for %v: %v", lived, why)
		}
	})
}
