package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrRunning is returned by Run while another call of it has not returned.
var ErrRunning = errors.New("peer pool is already running")

// Pool keeps connections to peers and spreads requests over them. All methods
// may be called from any goroutine, also while Run is not running: then there
// are no peers, and requests wait for one.
type Pool struct {
	cfg     Config
	connect []string // addresses in the form host:port
	total   traffic
	changed chan struct{} // capacity one

	mu        sync.Mutex
	running   bool
	lastID    uint64
	members   []*member // by rising id
	departed  departed
	queue     []*waiter           // oldest first
	nonces    map[uint64]struct{} // of the handshakes under way
	standings map[string]standing // by address
	bans      map[string]Ban      // by address
	sizes     sizes
}

// New returns a pool with a checked configuration. It starts nothing.
func New(cfg Config) (*Pool, error) {
	cfg = cfg.complete()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	connect, err := addresses(cfg.Connect, cfg.Params.DefaultPort)
	if err != nil {
		return nil, fmt.Errorf("peer config: %w", err)
	}
	return &Pool{
		cfg:       cfg,
		connect:   connect,
		changed:   make(chan struct{}, 1),
		nonces:    make(map[uint64]struct{}),
		standings: make(map[string]standing),
		bans:      make(map[string]Ban),
		sizes:     firstSizes(),
	}, nil
}

// Run keeps the peers connected until ctx ends. Then it closes every
// connection, waits for all it started, and returns nil. Bans and standings
// stay, and Run may be called again.
func (p *Pool) Run(ctx context.Context) error {
	if !p.begin() {
		return ErrRunning
	}
	defer p.finish()
	var wg sync.WaitGroup
	for _, addr := range p.connect {
		wg.Go(func() { p.keep(ctx, addr) })
	}
	<-ctx.Done()
	wg.Wait()
	return nil
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
