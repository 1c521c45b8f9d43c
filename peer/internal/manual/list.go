package manual

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/roster"
)

// Errors about peers that the user names.
var (
	ErrKnown   = errors.New("peer was added already")
	ErrUnknown = errors.New("no such peer")
)

// Deps are what a List needs.
type Deps struct {
	Log         *slog.Logger
	Rand        func() uint64
	DefaultPort string
	Backoff     dialing.Backoff // at first, of each peer

	Network *connectivity.Network
	Bans    *misbehavior.Tracker
	Roster  *roster.Roster

	// Reachable returns an error if an address can never be dialled. Testing reports whether a
	// host is being dialled to test its address. Serve makes one connection and serves it to its
	// end; it calls dialled once the connection is made or has failed, and returns how long it was
	// served and why it ended or failed.
	Reachable func(addr string) error
	Testing   func(host string) bool
	Serve     func(ctx context.Context, addr string, role roster.Role, dialled func()) (time.Duration, *fault.Error)
}

// List is the list of the peers that the user names.
type List struct {
	deps Deps

	mu    sync.Mutex
	run   *run            // nil while nothing may be started
	peers []*entry        // in the order they were named
	once  map[string]bool // hosts that Try connects to
}

// entry is a peer to stay connected with.
type entry struct {
	addr string
	host string // see addrbook.HostOf
	role roster.Role
	stop context.CancelFunc // ends the goroutine that keeps it connected; nil while there is none
}

// run is where goroutines are started between Start and Stop.
type run struct {
	ctx context.Context
	wg  *sync.WaitGroup
}

// New returns an empty list that is not started.
func New(deps Deps) *List { return &List{deps: deps, once: make(map[string]bool)} }

// Configure adds the peers that the configuration names, each as host or host:port. Those that are
// listed already are left out.
func (l *List) Configure(names []string, role roster.Role) error {
	addrs, err := addrbook.ParseList(names, l.deps.DefaultPort)
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if err := l.deps.Reachable(addr); err != nil {
			return err
		}
		l.append(addr, role)
	}
	return nil
}

// append adds a peer that stays connected while the list is started, and reports false if it is
// listed already.
func (l *List) append(addr string, role roster.Role) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.atLocked(addr) >= 0 {
		return false
	}
	e := &entry{addr: addr, host: addrbook.HostOf(addr), role: role}
	l.peers = append(l.peers, e)
	l.startLocked(e)
	return true
}

// atLocked returns the index of the peer with an address, -1 if there is none.
func (l *List) atLocked(addr string) int {
	return slices.IndexFunc(l.peers, func(e *entry) bool { return e.addr == addr })
}

// Start starts a goroutine for each peer that keeps it connected, in wg and until ctx ends. After
// Stop none is started any more.
func (l *List) Start(ctx context.Context, wg *sync.WaitGroup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run = &run{ctx, wg}
	for _, e := range l.peers {
		l.startLocked(e)
	}
}

// Stop forbids that further goroutines are started.
func (l *List) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run = nil
}

// startLocked starts the goroutine that keeps a peer connected, if the list is started.
func (l *List) startLocked(e *entry) {
	if l.run == nil {
		return
	}
	ctx, stop := context.WithCancel(l.run.ctx)
	e.stop = stop
	l.deps.Network.AddDialers(1)
	l.run.wg.Go(func() {
		defer stop()
		defer l.deps.Network.AddDialers(-1)
		l.keep(ctx, e.addr, e.role)
	})
}

// Add adds one more peer, named as host or host:port, and ends other connections with its address.
// It returns ErrKnown if the peer is listed already.
func (l *List) Add(name string) error {
	addr, err := l.parse(name)
	if err != nil {
		return err
	}
	if !l.append(addr, roster.Added) {
		return fmt.Errorf("add peer %s: %w", addr, ErrKnown)
	}
	for _, p := range l.deps.Roster.Live() {
		if p.Addr == addr && p.Role() != roster.Added {
			p.End(fault.New(fault.ClosedByUs, errors.New("the user has added this peer")))
		}
	}
	return nil
}

// parse returns the address of a peer that is named as host or host:port.
func (l *List) parse(name string) (string, error) {
	addr, err := addrbook.Parse(name, l.deps.DefaultPort)
	if err != nil {
		return "", err
	}
	return addr, l.deps.Reachable(addr)
}

// Remove removes a peer and ends its connection. It returns ErrUnknown if it is not listed.
func (l *List) Remove(name string) error {
	addr, err := addrbook.Parse(name, l.deps.DefaultPort)
	if err != nil {
		return err
	}
	if !l.delete(addr) {
		return fmt.Errorf("remove peer %s: %w", addr, ErrUnknown)
	}
	for _, p := range l.deps.Roster.Live() {
		if p.Addr == addr && p.Role() == roster.Renewal {
			p.End(fault.New(fault.ClosedByUs, errors.New("the user has removed this peer")))
		}
	}
	return nil
}

// delete removes a peer and stops its goroutine. It reports false if the peer is not listed.
func (l *List) delete(addr string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.atLocked(addr)
	if i < 0 {
		return false
	}
	if stop := l.peers[i].stop; stop != nil {
		stop()
	}
	l.peers = slices.Delete(l.peers, i, i+1)
	return true
}

// Try connects once to a peer, named as host or host:port. It does not connect again after that
// fails or ends. It returns ErrKnown if the peer is listed, connected or being tried.
func (l *List) Try(name string) error {
	addr, err := l.parse(name)
	if err != nil {
		return err
	}
	host := addrbook.HostOf(addr)
	known := l.deps.Testing(host)
	for _, p := range l.deps.Roster.Live() {
		known = known || p.Addr == addr
	}
	if known || !l.tryOnce(addr, host) {
		return fmt.Errorf("try peer %s: %w", addr, ErrKnown)
	}
	return nil
}

// tryOnce starts the goroutine of Try, if the list is started. It reports false if the peer is
// listed or its host is being tried.
func (l *List) tryOnce(addr, host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.once[host] || l.atLocked(addr) >= 0 {
		return false
	}
	if l.run == nil {
		return true
	}
	ctx := l.run.ctx
	l.once[host] = true
	l.run.wg.Go(func() {
		_, _ = l.deps.Serve(ctx, addr, roster.Once, func() {}) // Serve records its result
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.once, host)
	})
	return true
}

// Added returns the addresses that Add or the configuration has added, in their order, without
// those that the pool is restricted to.
func (l *List) Added() (addrs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.peers {
		if e.role == roster.Added {
			addrs = append(addrs, e.addr)
		}
	}
	return addrs
}

// Addrs returns the addresses of all peers of the list, in their order.
func (l *List) Addrs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	addrs := make([]string, len(l.peers))
	for i, e := range l.peers {
		addrs[i] = e.addr
	}
	return addrs
}

// Hosts returns the hosts of the peers of the list and of those that Try connects to.
func (l *List) Hosts() (hosts []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.peers {
		hosts = append(hosts, e.host)
	}
	for host := range l.once {
		hosts = append(hosts, host)
	}
	return hosts
}

// keep stays connected with one address until ctx ends: it dials, serves the connection, and
// pauses before it dials again.
func (l *List) keep(ctx context.Context, addr string, role roster.Role) {
	pauses, host := l.deps.Backoff, addrbook.HostOf(addr)
	var logged fault.Reason // the last reason that was logged above the debug level
	for {
		_, back := l.deps.Network.Up()
		pause := l.deps.Bans.Left(addr, host)
		if pause <= 0 {
			done, ok := l.deps.Network.Gate(ctx)
			if !ok {
				return
			}
			lived, why := l.deps.Serve(ctx, addr, role, done)
			if ctx.Err() != nil {
				return
			}
			var up bool
			up, back = l.deps.Network.Up()
			pause = pauses.After(why.Reason, lived, l.deps.Rand())
			if !up {
				pause = 0 // the gate paces the dials
			}
			logged = l.logLost(why, logged, lived, pause)
		}
		if !connectivity.Pause(ctx, back, pause) {
			return
		}
	}
}

// logLost logs why there is no connection, at the debug level if the reason is the one that was
// logged last. It returns the reason.
func (l *List) logLost(why *fault.Error, logged fault.Reason, lived, pause time.Duration) fault.Reason {
	level := slog.LevelWarn
	if lived == 0 && why.Reason == logged {
		level = slog.LevelDebug
	}
	l.deps.Log.Log(context.Background(), level, "No connection to peer", "addr", why.Peer, "reason", why.Detail(),
		"retry", pause.Round(time.Second))
	return why.Reason
}
