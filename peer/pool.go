package peer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/peer/internal/txrelay"
	"github.com/spvd/spvd/spv/p2p"
)

// ErrRunning is returned by Run while another call of it has not returned.
var ErrRunning = errors.New("peer pool is already running")

// ErrNoOnion means that a peer is a Tor service and that no proxy is configured to reach it.
var ErrNoOnion = errors.New("the name of a Tor service can be reached through a proxy only, see the proxy option")

// Pool keeps connections to peers and spreads requests over them. All methods may be called
// from any goroutine, also while Run is not running: then there are no peers, and requests
// wait for one.
type Pool struct {
	cfg          Config
	book         *addrbook.Guarded
	connectivity *connectivity.Network
	opener       *conn.Opener
	relay        *txrelay.Relay
	bans         *misbehavior.Tracker
	changed      chan struct{} // capacity one
	unsaved      chan struct{} // capacity one; poked by changes that must not be lost
	dialDue      chan struct{} // capacity one; poked when another outbound connection may be due
	defects      atomic.Int64  // see Defects

	mu       sync.Mutex
	running  bool
	current  *poolRun        // nil while nothing may be started
	manual   []*manualPeer   // in the order they were named
	anchors  []string        // of the last run, not dialled yet
	kept     []string        // the anchors of the last run, until there are other ones
	trying   map[string]bool // hosts in use by neither outbound nor manual peers
	out      outbound
	pace     dialing.Pace
	lastID   p2p.PeerID
	members  []*member // by rising id
	departed departed
	lateOnes lateReplies
	queue    []*waiter // oldest first
	sizes    pick.Sizes
	delays   [conn.NumKinds]pick.Delays
	search   search
}

// New checks a configuration, reads the peers file that it names, and returns the pool. It
// starts nothing.
func New(cfg Config) (*Pool, error) {
	cfg = cfg.complete()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	p := &Pool{
		cfg:     cfg,
		book:    newBook(&cfg, cfg.Params.Net == wire.SimNet),
		changed: make(chan struct{}, 1),
		unsaved: make(chan struct{}, 1),
		dialDue: make(chan struct{}, 1),
		trying:  make(map[string]bool),
		out:     outbound{avoid: make(map[string]avoidance)},
		sizes:   pick.FirstSizes(),
	}
	p.connectivity = connectivity.New(connectivity.Deps{
		Log:        cfg.Log,
		Rand:       cfg.Rand,
		ProbeEvery: cfg.probeEvery,
		Connected:  p.connected,
		Changed:    func() { poke(p.changed) },
	})
	p.bans = misbehavior.NewTracker(misbehavior.Deps{
		Log:     cfg.Log,
		Now:     cfg.Now,
		For:     cfg.banFor,
		End:     p.endBanned,
		Lifted:  p.connectivity.Wake,
		Unsaved: func() { poke(p.unsaved) },
	})
	p.relay = txrelay.New(cfg.RelayTx, func() { poke(p.changed) })
	p.opener = conn.NewOpener(cfg.connections(p.relay, p.failed))
	if err := p.want(cfg.Connect, Wanted); err != nil {
		return nil, err
	}
	if err := p.want(cfg.AddPeer, Added); err != nil {
		return nil, err
	}
	p.readFile()
	return p, nil
}

// want records the peers that the configuration names.
func (p *Pool) want(list []string, role Role) error {
	addrs, err := addrbook.ParseList(list, p.cfg.Params.DefaultPort)
	if err != nil {
		return fmt.Errorf("peer config: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, addr := range addrs {
		if err := p.reachable(addr); err != nil {
			return fmt.Errorf("peer config: %w", err)
		}
		if p.manualAtLocked(addr) < 0 {
			p.manual = append(p.manual, newManualPeer(addr, role))
		}
	}
	return nil
}

// reachable returns ErrNoOnion if the address is a Tor service and there is no proxy.
func (p *Pool) reachable(addr string) error {
	if !p.cfg.Onion && addrbook.IsOnion(addrbook.HostOf(addr)) {
		return fmt.Errorf("peer %s: %w", addr, ErrNoOnion)
	}
	return nil
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
	anchors := p.bestPeers()
	p.endRun()
	stop()
	wg.Wait()
	p.save(anchors)
	return nil
}

// start starts all goroutines that keep peers connected.
func (p *Pool) start(s *poolRun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = s
	s.wg.Go(func() { p.watch(s.ctx) })
	s.wg.Go(func() { p.requestLateTxs(s.ctx) })
	if p.cfg.File != "" {
		s.wg.Go(func() { p.keepFile(s.ctx) })
	}
	for _, w := range p.manual {
		p.startManualLocked(w)
	}
	if !p.choosesOutbound() {
		return
	}
	p.connectivity.AddDialers(p.cfg.Outbound)
	p.out.rotateAt = time.Now().Add(dialing.Jitter(rotateEvery, p.cfg.Rand()))
	s.wg.Go(func() {
		p.fill(s)
		p.connectivity.AddDialers(-p.cfg.Outbound)
	})
	s.wg.Go(func() { p.dialFeelers(s.ctx) })
	s.wg.Go(func() { p.seedBook(s.ctx) })
}

// endRun forbids that further goroutines are started.
func (p *Pool) endRun() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = nil
}

func (p *Pool) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		return false
	}
	p.running = true
	return true
}

func (p *Pool) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
}

// newBook returns an empty book for a complete configuration. A local one accepts addresses that
// are not routed publicly, and treats all ports alike.
func newBook(cfg *Config, local bool) *addrbook.Guarded {
	book := addrbook.Config{Onion: cfg.Onion, Local: local}
	if port, err := strconv.ParseUint(cfg.Params.DefaultPort, 10, 16); err == nil && !local {
		book.Port = uint16(port)
	}
	return addrbook.NewGuarded(book, rand.New(rand.NewPCG(cfg.Rand(), cfg.Rand())), cfg.Now)
}

// poke wakes the only reader of a channel of capacity one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
