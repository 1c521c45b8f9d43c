package outbound

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/peer/internal/roster"
)

// bench are Connections under test that are not started, with the parts below them.
type bench struct {
	*Connections
	t      *testing.T
	roster roster.Roster
	manual names
	nodes  sync.WaitGroup
	tested []string // addresses
}

// names are the addresses of the peers that the user names.
type names struct {
	addrs []string
	once  []string // hosts
}

func (n *names) Addrs() []string { return n.addrs }

func (n *names) Hosts() (hosts []string) {
	for _, addr := range n.addrs {
		hosts = append(hosts, addrbook.HostOf(addr))
	}
	return append(hosts, n.once...)
}

// newBench returns Connections with two wanted peers, on a network with blocks every minute and the
// port 9108.
func newBench(t *testing.T) *bench {
	b := &bench{t: t}
	log := slog.New(slog.DiscardHandler)
	nothing := func() {}
	b.Connections = New(Deps{
		Log:       log,
		Rand:      func() uint64 { return 0 },
		Wanted:    2,
		BlockTime: time.Minute,
		Network: connectivity.New(connectivity.Deps{
			Log: log, Rand: func() uint64 { return 0 }, ProbeEvery: time.Second,
			Connected: func() bool { return !b.roster.Empty() }, Changed: nothing,
		}),
		Book: addrbook.NewGuarded(addrbook.Config{Port: 9108}, rand.New(rand.NewPCG(1, 2)), time.Now),
		Bans: misbehavior.NewTracker(misbehavior.Deps{
			Log: log, Now: time.Now, For: time.Hour, End: func(func(addr, host string) bool) {}, Lifted: nothing, Unsaved: nothing,
		}),
		Roster: &b.roster,
		Manual: &b.manual,
		Serve: func(context.Context, string, roster.Role, func(), func(*roster.Peer)) (time.Duration, *fault.Error) {
			t.Error("a connection is made")
			return 0, nil
		},
		Test: func(_ context.Context, addr string) { b.tested = append(b.tested, addr) },
	})
	return b
}

// learn adds addresses to the book that one source announces.
func (b *bench) learn(addrs ...string) {
	for _, addr := range addrs {
		b.deps.Book.Learn("9.9.9.9:1", []addrbook.Announced{{Addr: addr, Services: 1, Seen: time.Now()}})
	}
}

// connected adds a peer with a connection to a node, and its slot if it has the role Outbound. The
// test closes the connection.
func (b *bench) connected(addr string, role roster.Role) *roster.Peer {
	b.t.Helper()
	opener := conn.NewOpener(conn.Config{
		Net: peertest.Params.Net, UserAgent: "/spvd:0.1.0/", Log: slog.New(slog.DiscardHandler),
		Now: time.Now, Rand: rand.Uint64, HandshakeTimeout: time.Minute, WriteTimeout: time.Minute,
	})
	ours, theirs := net.Pipe()
	b.nodes.Go(func() { peertest.WelcomeThen(func(*peertest.Node) {})(peertest.NewNode(b.t, theirs)) })
	c, err := opener.Open(b.t.Context(), ours, addr, false)
	if err != nil {
		b.t.Fatal(err)
	}
	p := roster.NewPeer(c, addr, role, time.Now())
	b.roster.Join(p, func() {})
	if role == roster.Outbound {
		b.lastID++
		to := addrbook.Candidate{Addr: addr, Host: p.Host, Group: addrbook.GroupOf(addr)}
		b.slots = append(b.slots, &slot{id: b.lastID, to: to, purpose: dialing.Fill, peer: p})
	}
	return p
}
