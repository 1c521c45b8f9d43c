package spv

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/txrelay"
)

// Errors of a Syncer's methods.
var (
	// ErrRunning is returned by Run while another call of it has not returned.
	ErrRunning = errors.New("the syncer is running already")

	// ErrNotInitialised is returned by reads before the store is open.
	ErrNotInitialised = errors.New("the chain store is not open yet")
)

// Syncer keeps a chain store and a wallet in step with the network. Its Run
// method does the work; all others may be called at any time from any
// goroutine, before, during and after it.
type Syncer struct {
	cfg          Config
	statusBoard  *statusBoard
	publications *publications
	blocks       *blocks.Fetcher
	finder       *txrelay.Finder
	fees         fees
	running      atomic.Bool
	chain        atomic.Pointer[chain.Reader] // nil unless Initialised
	invalid      chan *consensus.InvalidBlock // found by Block, for the run to leave
	prunings     chan pruning                 // calls of Prune
	defects      *defect.Reporter             // of panics over what peers sent
	turned       atomic.Pointer[time.Time]    // when the loop last began a turn; nil while there is none

	votes    atomic.Pointer[VoteReport] // the newest report; nil before the first
	notices  notices                    // of other optional workers
	reported chan struct{}              // poked (capacity one) when one of these is newer
}

// New returns a syncer. It validates the configuration and does no I/O.
func New(cfg Config) (*Syncer, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	s := &Syncer{
		cfg: cfg, statusBoard: newStatusBoard(), publications: newPublications(), defects: defect.NewReporter(cfg.Log, cfg.Peers.Useless),
		invalid: make(chan *consensus.InvalidBlock, 4), prunings: make(chan pruning), reported: make(chan struct{}, 1),
	}
	s.blocks = blocks.New(blocks.Deps{Params: cfg.Params, Peers: cfg.Peers, Defects: s.defects, Log: cfg.Log, Valid: s.fees.add})
	s.finder = &txrelay.Finder{Wallet: cfg.Wallet, Blocks: s.blocks, Defects: s.defects}
	return s, nil
}

// Run syncs until ctx ends, then returns nil, or until something fails that it cannot work
// around, and returns that: trouble with the disk or the files of the wallet. Nothing that peers
// send ends it. All that it started has ended when it returns, and the store is closed. It may be
// called again.
func (s *Syncer) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer s.running.Store(false)
	s.publications.resume()
	l := newLoop(s)
	err := l.phases(ctx)
	return errors.Join(err, l.close(err))
}

// Status returns the newest status.
func (s *Syncer) Status() Status { return *s.current() }

// Changes yields the current status if its Seq is greater than from, then
// every newer one until ctx ends. A slow reader misses values in between,
// never the newest, and holds nothing up.
func (s *Syncer) Changes(ctx context.Context, from uint64) iter.Seq[Status] {
	return s.statusBoard.changes(ctx, from, s.current)
}

// Wait returns nil once a status satisfies the condition: Synced, Initialised,
// AtHeight or a function of the caller's. It returns the error of a run that
// fails, and the cause of ctx when that ends first.
func (s *Syncer) Wait(ctx context.Context, cond func(Status) bool) error {
	return s.statusBoard.wait(ctx, cond, s.current)
}

// Synced is a condition for Wait: everything is at the tip.
func Synced(st Status) bool { return st.Synced }

// Initialised is a condition for Wait: the store is open and consistent.
func Initialised(st Status) bool { return st.Initialised }

// AtHeight returns a condition for Wait: headers, filters and wallet have
// reached a height.
func AtHeight(h consensus.Height) func(Status) bool {
	return func(st Status) bool {
		return st.Headers.Current >= h && st.Filters.Current >= h && st.Rescan.Current >= h
	}
}

// Chain returns the chain store for reading. It returns ErrNotInitialised before it
// is open; reads after Run has returned fail with chain.ErrClosed.
func (s *Syncer) Chain() (*chain.Reader, error) {
	c := s.chain.Load()
	if c == nil {
		return nil, ErrNotInitialised
	}
	return c, nil
}

// Turned returns when the loop of a run last began a turn, which it does several times a second
// whatever the network does: if it does not, it hangs. It is the zero time before and after a
// run, and while the store is being opened or repaired.
func (s *Syncer) Turned() time.Time {
	if at := s.turned.Load(); at != nil {
		return *at
	}
	return time.Time{}
}
