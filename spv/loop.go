package spv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// tick is how often the loop looks at the clock when nothing happens.
const tick = 250 * time.Millisecond

// loop is the loop that the phases after Repairing share: it takes headers
// and filters from the peers and applies them to the store in order. The phases
// differ in what they do besides, and in when they end.
type loop struct {
	*run
	ctx         context.Context
	staged      chain.State
	stagedSince time.Time // when the oldest staged data came; zero without any
	writing     writing
	proving     int // jobs that prove late replies
}

// runLoop runs the loop until the goal names the next phase, ctx ends, or
// something fails. The goal is asked after everything that happens; it may
// start jobs. No job outlives the call, nor does a write, and nothing is left
// staged unless something failed.
func (r *run) runLoop(ctx context.Context, goal func(*loop) (Phase, bool)) (Phase, error) {
	p := &loop{run: r, ctx: ctx, staged: r.store.Staged()}
	p.jobs.Begin(ctx)
	p.scan.Begin()
	p.filters.Begin(p.store)
	p.headers.Begin(p.store)
	defer p.headers.End()
	defer p.jobs.Stop()
	timer := wait.NewTimer(tick)
	defer timer.Stop()
	defer r.turned.Store(nil)
	for {
		now := time.Now()
		r.turned.Store(&now)
		if err := p.roster(); err != nil {
			return Failed, err
		}
		next, done := goal(p)
		if done {
			return next, p.writeRest()
		}
		if err := p.step(timer); err != nil {
			return Failed, err
		}
		if ctx.Err() != nil {
			return Stopping, p.writeRest()
		}
	}
}

// step starts what is due, also to write what should be written, and then waits
// for something to happen.
func (p *loop) step(timer *wait.Timer) error {
	if err := p.headers.Fetch(p.headerRoom(), time.Now()); err != nil {
		return err
	}
	if err := p.filters.Fetch(p.headers.Live(), !p.headers.FetchingTail(), time.Now()); err != nil {
		return err
	}
	p.touchedFilters()
	if err := p.proveLate(); err != nil {
		return err
	}
	if err := p.judgeWork(); err != nil {
		return err
	}
	if err := p.judgeVersions(); err != nil {
		return err
	}
	if err := p.writeIfDue(); err != nil {
		return err
	}
	p.showProgress()
	return p.await(timer)
}

// await blocks until something happens, and applies the results of the jobs that
// have ended, or finishes the write that has.
func (p *loop) await(timer *wait.Timer) error {
	select {
	case apply := <-p.jobs.Results():
		err := apply()
		if err == nil {
			err = p.applyReady()
		}
		p.walletMoved()
		p.publications.updated(p.relay.Changed())
		var bad *consensus.InvalidBlock
		if errors.As(err, &bad) {
			return p.leaveInvalid(bad)
		}
		return err
	case err := <-p.writing.done:
		return p.wrote(err)
	case bad := <-p.invalid:
		return p.leaveInvalid(bad)
	case <-p.publications.poke:
	case <-p.reported:
		p.show()
	case <-p.cfg.Peers.Changed():
	case <-p.cfg.Wallet.Changed():
		p.scan.WalletChanged()
		p.walletMoved()
	case <-timer.C():
		timer.Reset(tick)
	case <-p.ctx.Done():
	}
	return nil
}

// roster takes over which peers are live and what they announced.
func (p *loop) roster() error {
	now := time.Now()
	if p.headers.Roster(now) {
		p.show()
	}
	err := p.headers.Listen(now)
	p.warnOfDefects()
	p.headersMoved()
	return err
}

// caughtUp reports whether headers and filters are at a tip that no live peer
// has more than.
func (p *loop) caughtUp() bool {
	return p.headers.Complete(time.Now()) && p.filters.Idle() &&
		p.staged.Filters == p.staged.Tip && p.staged.EnoughWork
}

// behind reports whether more is missing than following would bring.
func (p *loop) behind() bool {
	return p.headers.FetchingTail() || p.staged.Tip.Height-p.staged.Filters.Height > p.cfg.Behind
}

// touched takes over what is staged after it has changed.
func (p *loop) touched() {
	p.staged = p.store.Staged()
	p.judgeStore()
	if p.stagedSince.IsZero() && p.store.Pending() > 0 {
		p.stagedSince = time.Now()
	}
}

// applyReady puts the headers and filters that are ready on the chain, in its order, as far as the
// disk keeps up.
func (p *loop) applyReady() error {
	p.headersMoved()
	for p.headers.Ready() {
		if may, err := p.mayApply(); !may || err != nil {
			return err
		}
		if err := p.headers.Apply(); err != nil {
			return err
		}
		p.headersMoved()
	}
	p.progress.ReceivedFilters(p.filters.Received())
	defer p.touchedFilters()
	for p.filters.Ready() {
		if may, err := p.mayApply(); !may || err != nil {
			return err
		}
		if err := p.filters.Apply(); err != nil {
			return err
		}
		p.touched()
	}
	return nil
}

// headersMoved has all that depends on the headers follow them, and warns of what was found out
// about them.
func (p *loop) headersMoved() {
	if p.store.Staged() != p.staged {
		p.touched()
	}
	changes := p.headers.Changes()
	for _, re := range changes.Reorgs {
		p.reorganised(re)
	}
	for _, h := range changes.Future {
		p.warn("future-block", fmt.Sprintf("A peer sent block %s with a time more than two hours ahead of this machine's clock.",
			grouped(h)), "Check this machine's clock.")
	}
	p.warnOfDispute()
	p.warnOfDenials()
}

// touchedFilters takes over what was found out about the early filters, which may have dropped
// staged filters.
func (p *loop) touchedFilters() {
	if p.store.Staged().Filters != p.staged.Filters {
		p.touched()
	}
	p.warnOfEarly()
}

// walletMoved has all that depends on the wallet follow it, when it may have moved.
func (r *run) walletMoved() {
	if !r.scan.Moved() {
		return
	}
	r.relay.WalletChanged()
	r.showTroubles()
	r.progress.ScanFor(r.scan.Scripts())
}

// reorganised has the filters above the fork fetched again, and shows the reorganisation.
func (p *loop) reorganised(re *chain.Reorganisation) {
	p.filters.Restart()
	depth := len(re.Reverted)
	if depth >= p.cfg.DeepReorg {
		p.warn("deep-reorg", fmt.Sprintf("A reorganisation took back %d blocks above block %s.", depth, grouped(re.Fork.Height)),
			"Check payments that were confirmed in these blocks.")
	}
	p.status.Reorgs++
	p.status.LastReorg = &Reorg{At: time.Now(), Fork: re.Fork, From: re.From, To: re.To, Depth: depth}
	p.cfg.Log.Info("Chain reorganised", "depth", depth, "fork", re.Fork.Height, "from", re.From.Hash, "to", re.To.Hash)
}
