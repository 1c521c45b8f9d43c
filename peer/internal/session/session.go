package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/roster"
)

// ErrNoOnion means that a peer is a Tor service and that no proxy is configured to reach it.
var ErrNoOnion = errors.New("the name of a Tor service can be reached through a proxy only, see the proxy option")

// Deps are what a Maker needs.
type Deps struct {
	Log     *slog.Logger
	Now     func() time.Time
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Timeout time.Duration // for Dial
	Onion   bool          // Dial reaches the names of Tor services

	Opener       *conn.Opener
	AskTxs       func() bool // whether peers are asked to announce transactions
	AskAddresses func() bool // whether a peer is asked for addresses; nil means that none is

	Network *connectivity.Network
	Book    *addrbook.Guarded
	Bans    *misbehavior.Tracker
	Roster  *roster.Roster

	// Join lists a peer and makes it available for requests; Leave reverts that. Handler returns
	// the functions by which a connection reports what its peer does.
	Join    func(*roster.Peer)
	Leave   func(*roster.Peer)
	Handler func(*roster.Peer) conn.Handler
}

// Maker makes connections and serves them.
type Maker struct {
	deps Deps

	mu   sync.Mutex
	pace dialing.Pace
}

// New returns a Maker that has not dialled yet.
func New(deps Deps) *Maker { return &Maker{deps: deps} }

// Plan is a connection to make.
type Plan struct {
	Addr string // host:port
	Role roster.Role

	Dialled func()             // is called once the connection is made or has failed
	Joined  func(*roster.Peer) // is called once the peer is listed; may be nil
}

// Serve makes a connection and serves it to its end. It returns how long it was served, zero if it
// was not made, and why it ended or failed.
func (m *Maker) Serve(ctx context.Context, plan Plan) (time.Duration, *fault.Error) {
	addr := plan.Addr
	banned := m.banned(addr)
	m.deps.Network.Begin()
	c, err := m.open(ctx, addr)
	if err != nil {
		m.deps.Network.End()
		why := fault.Of(addr, err, fault.Network(err))
		if ctx.Err() == nil {
			m.deps.Network.Dialled(why.Reason != fault.DialFailed)
		}
		plan.Dialled()
		m.record(addr, why, 0)
		return 0, why
	}
	m.deps.Network.Dialled(true)
	plan.Dialled()
	m.deps.Book.Worked(addr, uint64(c.Services()))
	begin := time.Now()
	claims := c.Stats()
	p := roster.NewPeer(c, addr, plan.Role, m.deps.Now())
	m.deps.Join(p)
	if plan.Joined != nil {
		plan.Joined(p)
	}
	m.deps.Network.End()
	if !banned && m.banned(addr) { // since it was dialled, when it was not listed
		p.End(fault.New(fault.Unwanted, errors.New("its host is banned")))
	}
	m.deps.Log.Info("Connected to peer", "addr", addr, "id", p.ID, "role", plan.Role.String(), "agent", claims.UserAgent,
		"version", claims.Version, "height", claims.StartingHeight)
	if ask := m.deps.AskAddresses; ask != nil && ask() {
		c.AskAddresses()
	}
	why := c.Run(ctx, p.ID, m.deps.Handler(p))
	m.deps.Leave(p)
	lived := time.Since(begin)
	m.record(addr, why, lived)
	return lived, why
}

// banned reports whether an address is banned.
func (m *Maker) banned(addr string) bool { return m.deps.Bans.Left(addr, addrbook.HostOf(addr)) > 0 }

// Test performs the handshake with the node at an address, disconnects, and records the result.
func (m *Maker) Test(ctx context.Context, addr string) {
	c, err := m.open(ctx, addr)
	if err != nil {
		m.record(addr, fault.Of(addr, err, fault.Network(err)), 0)
		return
	}
	c.Close()
	m.deps.Book.Worked(addr, uint64(c.Services()))
}

// open connects to an address and performs the handshake.
func (m *Maker) open(ctx context.Context, addr string) (*conn.Conn, error) {
	nc, err := m.Connect(ctx, addr)
	if err != nil {
		return nil, fault.New(fault.DialFailed, err)
	}
	return m.deps.Opener.Open(ctx, nc, addr, m.deps.AskTxs())
}

// Connect makes every connection, to peers and to seeders, at the pace of package dialing. It
// returns ErrNoOnion for the name of a Tor service without a proxy.
func (m *Maker) Connect(ctx context.Context, addr string) (net.Conn, error) {
	if err := m.Reachable(addr); err != nil {
		return nil, err
	}
	if err := wait.For(ctx, m.reserve()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, m.deps.Timeout)
	defer cancel()
	return m.deps.Dial(ctx, "tcp", addr)
}

// reserve reserves the next dial, and returns how long to wait for it.
func (m *Maker) reserve() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pace.Reserve(time.Now())
}

// Reachable returns ErrNoOnion if the address is a Tor service and there is no proxy.
func (m *Maker) Reachable(addr string) error {
	if !m.deps.Onion && addrbook.IsOnion(addrbook.HostOf(addr)) {
		return fmt.Errorf("peer %s: %w", addr, ErrNoOnion)
	}
	return nil
}

// record records why a connection with an address failed, or ended after it had lived for a time,
// in the bans and in the book.
func (m *Maker) record(addr string, why *fault.Error, lived time.Duration) {
	m.deps.Bans.Blame(addr, why)
	switch {
	case why.Reason == fault.ClosedByUs, lived >= dialing.Stable:
	case !why.Reason.Transient():
		m.deps.Book.Forget(addr)
	default:
		up, _ := m.deps.Network.Up()
		m.deps.Book.Failed(addr, up && len(m.deps.Roster.Live()) > 0)
	}
}
