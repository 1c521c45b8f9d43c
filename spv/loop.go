package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/internal/rescan"
	"github.com/spvd/spvd/spv/internal/txrelay"
)

// tick is how often the loop looks at the clock when nothing happens.
const tick = 250 * time.Millisecond

// loop is the state of one call of Run. Only the goroutine of that call touches it. It owns the
// parts of the sync, asks each of them in turn, and passes on what they return: no part knows
// another.
type loop struct {
	syncer *Syncer
	cfg    Config
	store  *chain.Chain // nil until opened
	jobs   *jobs.Group  // of the phase

	headers *headersync.Sync // the headers, and what the live peers have shown
	filters *filtersync.Sync // the filters
	scan    *rescan.Scan     // the wallet
	relay   *txrelay.Relay   // unmined transactions

	staged  chain.State
	writer  writer
	proving int // jobs that prove late blocks

	sources   []snapshot.Source // of snapshots that were not read yet
	importing importProgress    // what the status says about the one that is read
	left      []string          // what was wrong with others

	healed       int       // how often the store was repaired
	defectsShown int       // panics over what peers sent that a warning tells of
	resumedAt    time.Time // when the run was last interrupted, and for how long it paused
	resumedFor   time.Duration
	pausing      bool // after an interruption

	wanted    consensus.Height // the floor of the filters that the wallet needs, as far as it is known
	since     firstSince       // the first block of a birthday
	earlyOnly bool             // early filters are fetched for their proof, and not all of them are kept

	eased      chain.Easing // of the newest blocks up to easedAt
	easedAt    consensus.BlockID
	versionsAt consensus.BlockID // the tip whose versions were counted
	future     consensus.Height  // of the block ahead of our clock that is warned of; zero for none

	troubles     []string        // of the wallet; see Troubled
	votesTaken   *VoteReport     // whose warnings the status has; nil for none
	noticesTaken int             // the version of the notices that the status has
	noticed      map[string]bool // the codes of these

	display *display // the status
}

// newLoop returns the state that a run starts with.
func newLoop(s *Syncer) *loop {
	answerAge := time.Duration(0)
	if s.cfg.LowBandwidth {
		answerAge = headersync.LowAnswerAge
	}
	l := &loop{syncer: s, cfg: s.cfg, jobs: jobs.New(), sources: slices.Clone(s.cfg.Bootstrap)}
	l.headers = headersync.New(headersync.Deps{
		Params: s.cfg.Params, Peers: s.cfg.Peers, Jobs: l.jobs, Defects: s.defects, Now: s.cfg.Now, Log: s.cfg.Log,
		AnswerAge: answerAge,
	})
	l.filters = filtersync.New(filtersync.Deps{
		Params: s.cfg.Params, Peers: s.cfg.Peers, Jobs: l.jobs, Defects: s.defects, Log: s.cfg.Log, EarlyRange: earlyRange(s.cfg.Params),
	})
	l.scan = rescan.New(rescan.Deps{
		Wallet: s.cfg.Wallet, Blocks: s.blocks, Accuse: s.cfg.Peers.Accuse, Jobs: l.jobs, Defects: s.defects, Log: s.cfg.Log,
	})
	l.relay = txrelay.New(txrelay.Deps{
		Peers: s.cfg.Peers, Wallet: s.cfg.Wallet, Finder: s.finder, Jobs: l.jobs, Defects: s.defects, Rand: s.cfg.Rand, Log: s.cfg.Log,
	})
	synced := func() {}
	if w, ok := s.cfg.Wallet.(Notified); ok {
		synced = w.Synced
	}
	l.display = newDisplay(displayDeps{board: s.statusBoard, seek: s.cfg.Peers.Seek, synced: synced, log: s.cfg.Log})
	return l
}

// run makes turns of the loop until the goal names the next phase, ctx ends, or something fails.
// The goal is asked in each turn; it may start jobs. No job outlives the call, nor does a write,
// and nothing is left staged unless something failed.
func (l *loop) run(ctx context.Context, goal func() (next Phase, over bool)) (Phase, error) {
	l.begin(ctx)
	defer l.end()
	timer := wait.NewTimer(tick)
	defer timer.Stop()
	for {
		now := time.Now()
		l.syncer.turned.Store(&now)
		if err := l.listen(now); err != nil {
			return Failed, err
		}
		if next, over := goal(); over {
			return next, l.writer.finish()
		}
		if err := l.request(time.Now()); err != nil {
			return Failed, err
		}
		if err := l.judge(); err != nil {
			return Failed, err
		}
		if err := l.writer.beginIfDue(l.stageLimit(), l.complete(), time.Now()); err != nil {
			return Failed, err
		}
		l.showProgress()
		if err := l.await(ctx, timer); err != nil {
			return Failed, err
		}
		if ctx.Err() != nil {
			return Stopping, l.writer.finish()
		}
	}
}

// begin begins a phase: nothing is staged, and no part has jobs.
func (l *loop) begin(ctx context.Context) {
	l.staged, l.proving = l.store.Staged(), 0
	l.jobs.Begin(ctx)
	l.writer = writer{store: l.store, jobs: l.jobs}
	l.headers.Begin(l.store)
	l.filters.Begin(l.store)
	l.scan.Begin()
}

// end ends a phase.
func (l *loop) end() {
	l.syncer.turned.Store(nil)
	l.jobs.Stop()
	l.headers.End()
}

// request starts the requests that are due.
func (l *loop) request(now time.Time) error {
	if err := l.headers.Fetch(l.headerRoom(), now); err != nil {
		return err
	}
	fetch, err := l.moveFloor()
	if err != nil {
		return err
	}
	if fetch {
		if err := l.filters.Fetch(l.headers.Live(), !l.headers.FetchingTail(), now); err != nil {
			return err
		}
	}
	l.filtersMoved()
	return l.proveLate()
}

// judge measures the newest blocks of the main chain when there are other ones.
func (l *loop) judge() error {
	if err := l.judgeWork(); err != nil {
		return err
	}
	return l.judgeVersions()
}

// listen takes over which peers are live and what they announced.
func (l *loop) listen(now time.Time) error {
	if l.headers.Roster(now) {
		l.show()
	}
	err := l.headers.Listen(now)
	l.warnOfDefects()
	l.headersMoved()
	return err
}

// await blocks until something happens, and applies the results of the jobs that
// have ended, or finishes the write that has.
func (l *loop) await(ctx context.Context, timer *wait.Timer) error {
	select {
	case apply := <-l.jobs.Results():
		err := apply()
		if err == nil {
			err = l.applyReady()
		}
		l.walletMoved()
		l.syncer.publications.updated(l.relay.Changed())
		var bad *consensus.InvalidBlock
		if errors.As(err, &bad) {
			return l.leaveInvalid(bad)
		}
		return err
	case err := <-l.writer.done:
		if err := l.writer.committed(err); err != nil {
			return err
		}
		if l.store.Staged().Filters != l.staged.Filters { // a gap in the filters is closed
			l.floorMoved()
		}
		return l.applyReady()
	case bad := <-l.syncer.invalid:
		return l.leaveInvalid(bad)
	case p := <-l.syncer.prunings:
		return l.prune(p)
	case <-l.syncer.publications.poke:
	case <-l.syncer.reported:
		l.show()
	case <-l.cfg.Peers.Changed():
	case <-l.cfg.Wallet.Changed():
		l.scan.WalletChanged()
		l.walletMoved()
	case <-timer.C():
		timer.Reset(tick)
	case <-ctx.Done():
	}
	return nil
}

// caughtUp reports whether headers and filters are at a tip that no live peer
// has more than.
func (l *loop) caughtUp() bool {
	return l.headers.Complete(time.Now()) && l.filters.Idle() &&
		l.staged.Filters == l.staged.Tip && l.staged.EnoughWork
}

// complete reports whether the chain has all that is known of it.
func (l *loop) complete() bool {
	return !l.headers.FetchingTail() && l.staged.Filters == l.staged.Tip
}

// stageLimit returns how many bytes are staged before a write begins: a third of the usual while
// memory goes into ranges of headers that are held back.
func (l *loop) stageLimit() int {
	if l.headers.FetchingRanges() {
		return l.cfg.flushBytes / 3
	}
	return l.cfg.flushBytes
}

// behind reports whether more is missing than following would bring.
func (l *loop) behind() bool {
	return l.headers.FetchingTail() || l.staged.Tip.Height-l.staged.Filters.Height > maxBehind
}

// touched takes over what is staged after it has changed.
func (l *loop) touched() {
	l.staged = l.store.Staged()
	l.judgeStore()
	l.writer.staged(time.Now())
}

// applyReady puts the headers and filters that are ready on the chain, in its order, as far as the
// disk keeps up with that.
func (l *loop) applyReady() error {
	l.headersMoved()
	for l.headers.Ready() {
		if may, err := l.writer.hasRoom(l.stageLimit()); !may || err != nil {
			return err
		}
		if err := l.headers.Apply(); err != nil {
			return err
		}
		l.headersMoved()
	}
	l.display.progress.ReceivedFilters(l.filters.Received())
	defer l.filtersMoved()
	for l.filters.Ready() {
		if may, err := l.writer.hasRoom(l.stageLimit()); !may || err != nil {
			return err
		}
		if err := l.filters.Apply(); err != nil {
			return err
		}
		l.touched()
	}
	return nil
}

// headersMoved has all that depends on the headers follow them, and warns of what was found out
// about them.
func (l *loop) headersMoved() {
	if l.store.Staged() != l.staged {
		l.touched()
	}
	changes := l.headers.Changes()
	for _, re := range changes.Reorgs {
		l.reorganised(re)
	}
	l.warnOfFuture(changes.Future)
	l.warnOfDispute()
	l.warnOfDenials()
}

// filtersMoved takes over what was found out about the early filters, which may have dropped
// staged filters.
func (l *loop) filtersMoved() {
	if l.store.Staged().Filters != l.staged.Filters {
		l.touched()
	}
	l.warnOfEarly()
}

// walletMoved has all that depends on the wallet follow it, when it may have moved.
func (l *loop) walletMoved() {
	if !l.scan.Moved() {
		return
	}
	l.relay.WalletChanged()
	l.showTroubles()
	l.display.progress.ScanFor(l.scan.Scripts())
}

// reorganised has the filters above the fork fetched again, and shows the reorganisation.
func (l *loop) reorganised(re *chain.Reorganisation) {
	l.filters.Restart()
	l.showReorg(re)
}

// showReorg makes a reorganisation part of the status.
func (l *loop) showReorg(re *chain.Reorganisation) {
	depth := len(re.Reverted)
	if depth >= l.cfg.DeepReorg {
		l.display.warn(codeDeep, fmt.Sprintf("A reorganisation took back %s above block %s.", countOf(depth, "block"), grouped(re.Fork.Height)),
			"Check payments that were confirmed in these blocks.")
	}
	l.display.status.Reorgs++
	l.display.status.LastReorg = &Reorg{At: time.Now(), Fork: re.Fork, From: re.From, To: re.To, Depth: depth}
	l.cfg.Log.Info("Chain reorganised", "depth", depth, "fork", re.Fork.Height, "from", re.From.Hash, "to", re.To.Hash)
}
