package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"
)

// Config says what a proxy stands before.
type Config struct {
	// Target is the address of the full node.
	Target string

	// Network is the network whose messages may pass.
	Network wire.CurrencyNet

	// Gate judges the messages; nil lets all pass.
	Gate Gate

	// Pace is by how much each message to a client is delayed, counted from the
	// one before it, as on a slow link. Zero means not at all.
	Pace time.Duration
}

// State is what a proxy has seen so far.
type State struct {
	Frames []Frame // all that passed, in order
	Held   int     // messages that are being held now
	Open   int     // connections that are open now
	Conns  int     // connections there ever were
}

// Proxy records what passes between clients and a full node. Its methods may be
// called from any goroutine.
type Proxy struct {
	network  wire.CurrencyNet
	target   string
	listener net.Listener

	mu      sync.Mutex
	gate    Gate
	pace    time.Duration
	state   State
	links   map[*link]struct{}
	changed chan struct{} // closed and replaced with every change of state
	release chan struct{} // closed and replaced by Release
}

// New opens the proxy's listener, on a port the system picks. Connections are
// taken once Run is called.
func New(c Config) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open proxy to %s: %w", c.Target, err)
	}
	return &Proxy{
		network:  c.Network,
		target:   c.Target,
		listener: l,
		gate:     c.Gate,
		pace:     c.Pace,
		links:    make(map[*link]struct{}),
		changed:  make(chan struct{}),
		release:  make(chan struct{}),
	}, nil
}

// Addr returns the address that clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Run takes connections until ctx ends, and then ends them. It returns an error
// if something passed that is no message of the network.
func (p *Proxy) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		_ = p.listener.Close() // ends Accept below
		p.Cut()
		return nil
	})
	g.Go(func() error {
		for number := 1; ; number++ {
			conn, err := p.listener.Accept()
			if err != nil {
				return closed(ctx, err)
			}
			g.Go(func() error { return p.serve(ctx, number, conn) })
		}
	})
	if err := g.Wait(); err != nil {
		return fmt.Errorf("proxy to %s: %w", p.target, err)
	}
	return nil
}

// closed turns the error of a listener that was closed on purpose into nil.
func closed(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Cut ends all connections that State counts as open. New ones are taken.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.close()
	}
}

// Release replaces the gate, nil letting all pass, and has the new one judge the
// messages that are being held.
func (p *Proxy) Release(next Gate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = next
	close(p.release)
	p.release = make(chan struct{})
}

// SetPace replaces the pace, from the next message on.
func (p *Proxy) SetPace(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pace = d
}

// State returns what passed so far.
func (p *Proxy) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.state
	s.Frames = slices.Clone(s.Frames)
	return s
}

// Wait waits until a condition of the state holds.
func (p *Proxy) Wait(ctx context.Context, holds func(State) bool) error {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if holds(p.State()) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for the proxy to %s: %w", p.target, ctx.Err())
		}
	}
}

// change alters the state and tells those who wait.
func (p *Proxy) change(alter func(*State)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alterLocked(alter)
}

// alterLocked is change for those who hold the lock.
func (p *Proxy) alterLocked(alter func(*State)) {
	alter(&p.state)
	close(p.changed)
	p.changed = make(chan struct{})
}
