package spv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/defect"
	"github.com/spvd/spvd/spv/internal/filtersync"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/internal/progress"
	"github.com/spvd/spvd/spv/internal/rescan"
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
	chain        atomic.Pointer[chain.Chain]  // nil unless Initialised
	invalid      chan *consensus.InvalidBlock // found by Block, for the run to leave
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
		invalid: make(chan *consensus.InvalidBlock, 4), reported: make(chan struct{}, 1),
	}
	s.blocks = blocks.New(blocks.Deps{Params: cfg.Params, Peers: cfg.Peers, Defects: s.defects, Log: cfg.Log, Valid: s.fees.add})
	s.finder = &txrelay.Finder{Wallet: cfg.Wallet, Blocks: s.blocks, Defects: s.defects}
	return s, nil
}

// Run syncs until ctx ends, then returns nil, or until something fails that it
// cannot work around: trouble with the disk or the files of the wallet. Nothing that peers
// send ends it. All it started has
// ended when it returns, and the store is closed. It may be called again.
func (s *Syncer) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer s.running.Store(false)
	s.publications.resume()
	r := newRun(s)
	err := r.phases(ctx)
	return errors.Join(err, r.close(err))
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

// HasPeers returns a condition for Wait: at least n peers are live.
func HasPeers(n int) func(Status) bool {
	return func(st Status) bool { return st.Peers >= n }
}

// Chain returns the store for reading. It returns ErrNotInitialised before it
// is open; reads after Run has returned fail with chain.ErrClosed.
func (s *Syncer) Chain() (*chain.Chain, error) {
	c := s.chain.Load()
	if c == nil {
		return nil, ErrNotInitialised
	}
	return c, nil
}

// Turned returns when the loop of a run last began a turn, which it does several
// times a second whatever the network does: who watches over the syncer knows by it
// that it hangs. It is the zero time while there is no loop, as before a run, after
// it, and while the store is being opened or repaired.
func (s *Syncer) Turned() time.Time {
	if at := s.turned.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// run is the state of one call of Run. Only the goroutine of that call touches
// it.
type run struct {
	*Syncer
	store    *chain.Chain     // nil until opened
	jobs     *jobs.Group      // of the phase
	healed   int              // how often the store was repaired
	headers  *headersync.Sync // headers, and what the live peers have shown
	troubles []string         // see Troubled

	eased      chain.Easing // of the newest blocks up to easedAt
	easedAt    consensus.BlockID
	versionsAt consensus.BlockID // the tip whose versions were looked at

	filters *filtersync.Sync
	scan    *rescan.Scan   // the wallet
	relay   *txrelay.Relay // unmined transactions

	votesTaken   *VoteReport     // whose warnings the status has; nil for none
	noticesTaken int             // the version of the notices that the status has
	noticed      map[string]bool // the codes of these

	defectsShown int       // panics over what peers sent that a warning tells of
	resumedAt    time.Time // when the run was last interrupted, and for how long it paused
	resumedFor   time.Duration
	pausing      bool // after an interruption

	doubt string // why other peers are looked for; empty if they are not

	status   Status // the next one to show
	progress progress.Tracker
	shownAt  time.Time         // when the status was last shown
	lost     bool              // not synced, and for more than the moment a new block takes
	told     consensus.BlockID // the tip that the log has told of
}

// newRun returns the state that a run starts with.
func newRun(s *Syncer) *run {
	r := &run{
		Syncer: s,
		jobs:   jobs.New(),
		lost:   true,
	}
	r.headers = headersync.New(headersync.Deps{
		Params: s.cfg.Params, Peers: s.cfg.Peers, Jobs: r.jobs, Defects: s.defects, Now: s.cfg.Now, Log: s.cfg.Log,
	})
	r.filters = filtersync.New(filtersync.Deps{
		Params: s.cfg.Params, Peers: s.cfg.Peers, Jobs: r.jobs, Defects: s.defects, Log: s.cfg.Log, EarlyRange: earlyRange(s.cfg.Params),
	})
	r.scan = rescan.New(rescan.Deps{
		Wallet: s.cfg.Wallet, Blocks: s.blocks, Accuse: s.cfg.Peers.Accuse, Jobs: r.jobs, Defects: s.defects, Log: s.cfg.Log,
	})
	r.relay = txrelay.New(txrelay.Deps{
		Peers: s.cfg.Peers, Wallet: s.cfg.Wallet, Finder: s.finder, Jobs: r.jobs, Defects: s.defects, Rand: s.cfg.Rand, Log: s.cfg.Log,
	})
	return r
}

// phases runs one phase after the other until one of them is the last.
func (r *run) phases(ctx context.Context) error {
	r.enter(Opening)
	for {
		next, err := r.phaseContained(ctx)
		if r.store != nil && errors.Is(err, chain.ErrCorrupt) {
			next, err = r.heal(err)
		}
		if r.store != nil && causedByPeers(err) {
			next, err = r.resume(ctx, err)
		}
		if err != nil || next == Stopping {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		r.enter(next)
	}
}

// phaseContained is phase. A panic in a phase that takes what peers send is a *defect.Error, which
// interrupts the run and does not end it. In the others nothing of a peer is handled.
func (r *run) phaseContained(ctx context.Context) (Phase, error) {
	switch r.status.Phase {
	case CatchingUp, Rescanning, Following:
		return defect.Contain(0, func() (Phase, error) { return r.phase(ctx) })
	}
	return r.phase(ctx)
}

// phase runs the current phase and returns the one after it.
func (r *run) phase(ctx context.Context) (Phase, error) {
	switch r.status.Phase {
	case Opening:
		return r.open()
	case Repairing:
		return r.repair()
	case CatchingUp:
		return r.catchUp(ctx)
	case Rescanning:
		return r.rescan(ctx)
	case Following:
		return r.follow(ctx)
	}
	return Failed, fmt.Errorf("no phase follows %v", r.status.Phase)
}

// enter makes the transition to a phase and shows it. A transition that is not
// in the table is a defect of this package.
func (r *run) enter(next Phase) {
	if !r.status.Phase.mayBecome(next) {
		panic(fmt.Sprintf("spv: illegal transition from %v to %v", r.status.Phase, next))
	}
	r.status.Phase, r.status.Since = next, time.Now()
	r.cfg.Log.Debug("Entering phase", "phase", next)
	r.show()
}

// close ends the run: the store is closed last.
func (r *run) close(cause error) error {
	if cause != nil {
		r.status.Err = cause
		r.enter(Failed)
	} else {
		r.enter(Stopping)
	}
	var err error
	if r.store != nil {
		err = r.store.Close()
	}
	r.status.Initialised = false
	r.headers.Reset()
	if cause == nil {
		r.enter(Idle)
		return err
	}
	r.show()
	return err
}
