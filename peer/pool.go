package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/manual"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/mixrelay"
	"github.com/spvd/spvd/peer/internal/outbound"
	"github.com/spvd/spvd/peer/internal/peersfile"
	"github.com/spvd/spvd/peer/internal/requests"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/peer/internal/seeds"
	"github.com/spvd/spvd/peer/internal/session"
	"github.com/spvd/spvd/peer/internal/syncpeers"
	"github.com/spvd/spvd/peer/internal/txrelay"
)

// ErrRunning is returned by Run while another call of it has not returned.
var ErrRunning = errors.New("peer pool is already running")

// ErrNoOnion means that a peer is a Tor service and that no proxy is configured to reach it.
var ErrNoOnion = session.ErrNoOnion

// Pool keeps connections to peers and spreads requests over them. All methods may be called
// from any goroutine, also while Run is not running: then there are no peers, and requests
// wait for one.
type Pool struct {
	cfg     Config
	changed chan struct{} // capacity one
	defects atomic.Int64  // how often this program has panicked over data of a peer or a seeder
	parts

	mu      sync.Mutex
	running bool
	current *poolRun // nil while nothing may be started
}

// parts are what a pool is made of. None knows another but those above it in this list.
type parts struct {
	connectivity *connectivity.Network
	book         *addrbook.Guarded
	file         *peersfile.Keeper
	bans         *misbehavior.Tracker
	roster       *roster.Roster
	requests     *requests.Dispatcher
	relay        *txrelay.Relay
	mix          *mixrelay.Relay // nil without mixing
	opener       *conn.Opener
	sessions     *session.Maker
	manual       *manual.List
	outbound     *outbound.Connections
	seeder       *seeds.Asker
	peers        *syncpeers.Peers
}

// poolRun is one call of Run, for goroutines that are started in the course of it.
type poolRun struct {
	ctx context.Context
	wg  *sync.WaitGroup
}

// New checks a configuration, reads the peers file that it names, and returns the pool. It
// starts nothing.
func New(cfg Config) (*Pool, error) {
	cfg = cfg.complete()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, changed: make(chan struct{}, 1)}
	p.compose()
	if err := p.manual.Configure(cfg.Connect, Wanted); err != nil {
		return nil, fmt.Errorf("peer config: %w", err)
	}
	if err := p.manual.Configure(cfg.AddPeer, Added); err != nil {
		return nil, fmt.Errorf("peer config: %w", err)
	}
	p.restore(p.file.Load())
	return p, nil
}

// Run keeps the peers connected until ctx ends. Then it closes every connection, waits for
// all its goroutines, writes the peers file, and returns nil. Bans and ban scores stay, and
// Run may be called again.
func (p *Pool) Run(ctx context.Context) error {
	if !p.begin() {
		return ErrRunning
	}
	defer p.finish()

	var wg sync.WaitGroup
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	p.start(&poolRun{ctx: inner, wg: &wg})
	<-ctx.Done()
	anchors := p.outbound.Anchors() // while they are connected
	p.endRun()
	stop()
	wg.Wait()
	p.file.Save(p.state(anchors))
	return nil
}

// start starts all goroutines that keep peers connected.
func (p *Pool) start(r *poolRun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = r
	r.wg.Go(func() { p.watch(r.ctx) })
	r.wg.Go(func() { p.requestLateTxs(r.ctx) })
	if p.mix != nil {
		r.wg.Go(func() { p.requestLateMix(r.ctx) })
	}
	r.wg.Go(func() { p.file.Run(r.ctx, func() peersfile.State { return p.state(p.outbound.Anchors()) }) })
	p.manual.Start(r.ctx, r.wg)
	if p.cfg.choosesOutbound() {
		p.outbound.Start(r.ctx, r.wg)
		r.wg.Go(func() { p.seeder.Run(r.ctx) })
	}
}

// endRun forbids that further goroutines are started.
func (p *Pool) endRun() {
	p.manual.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = nil
}

// goInRun starts a goroutine with the context of the current call of Run, which waits for it. It
// starts none if there is no such call.
func (p *Pool) goInRun(work func(context.Context)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.current; r != nil {
		r.wg.Go(func() { work(r.ctx) })
	}
}

// begin reports whether Run may run, and from then on no other call of it.
func (p *Pool) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		return false
	}
	p.running = true
	return true
}

// finish reverts begin.
func (p *Pool) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
}

// state returns what is kept in the peers file.
func (p *Pool) state(anchors []string) peersfile.State {
	return peersfile.State{Addresses: p.book.Entries(), Anchors: anchors, Bans: p.bans.InForce()}
}

// poke wakes the reader of Changed.
func (p *Pool) poke() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}
