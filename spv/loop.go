package spv

import (
	"context"
	"errors"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/internal/rescan"
	"github.com/spvd/spvd/spv/p2p"
)

// tick is how often the loop looks at the clock when nothing happens.
const tick = 250 * time.Millisecond

// loop is the loop that the phases after Repairing share: it takes headers
// and filters from the peers and applies them to the store in order. The phases
// differ in what they do besides, and in when they end.
type loop struct {
	*run
	ctx         context.Context
	ranges      *headerPlan // the headers below the newest waypoint
	tail        tailFetch   // those after it
	staged      chain.State
	stagedSince time.Time // when the oldest staged data came; zero without any
	writing     writing
	announced   map[p2p.PeerID]*announcements // by peer
	proving     int                           // jobs that prove late replies
}

// runLoop runs the loop until the goal names the next phase, ctx ends, or
// something fails. The goal is asked after everything that happens; it may
// start jobs. No job outlives the call, nor does a write, and nothing is left
// staged unless something failed.
func (r *run) runLoop(ctx context.Context, goal func(*loop) (Phase, bool)) (Phase, error) {
	p := &loop{run: r, ctx: ctx, staged: r.store.Staged(), announced: make(map[p2p.PeerID]*announcements)}
	p.jobs.Begin(ctx)
	p.scan.Begin()
	p.filters.Begin(p.store)
	p.ranges = newHeaderPlan(p.staged.Tip, p.cfg.Params.Waypoints, fullBatch)
	p.tail.restart(false, time.Now())
	r.tips.restart()
	defer p.reaskAnnounced()
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
	if err := p.fetchHeaders(); err != nil {
		return err
	}
	if err := p.filters.Fetch(p.tips.live(), !p.tips.fetchingTail, time.Now()); err != nil {
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
			err = p.applyFilters()
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

// roster takes over who is live and what they announced.
func (p *loop) roster() (err error) {
	now := time.Now()
	dialling := p.cfg.Peers.Dialling() // before Live: a dial ends when its peer is live
	gone, changed := p.tips.update(p.cfg.Peers.Live(), now)
	p.tips.connected(dialling, now)
	for _, id := range gone {
		p.store.Forget(uint64(id))
		p.refusals.forget(id)
		delete(p.announced, id)
	}
	if changed {
		for id, w := range p.tips.peers {
			if w.host == "" {
				p.tips.named(id, p.cfg.Peers.Host(id), p.cfg.Peers.Trip(id), now)
			}
		}
		p.tips.await(p.staged.Tip.Height, now)
		p.show()
	}
	p.tips.age(now)
	for a := range p.cfg.Peers.TakeAnnouncements() {
		switch {
		case err != nil || p.tips.peers[a.From] == nil: // the peer is gone
		case a.Headers != nil:
			p.announcedHeaders(a.From, a.Headers)
		default:
			err = p.announcedBlocks(a.From, a.Blocks, now)
		}
	}
	p.prepareAnnounced()
	p.warnOfDefects()
	if len(p.denials) > 0 {
		p.warnOfDenials()
	}
	p.tips.await(p.staged.Tip.Height, now)
	return err
}

// caughtUp reports whether headers and filters are at a tip that no live peer
// has more than.
func (p *loop) caughtUp() bool {
	return p.tips.complete(time.Now()) && p.tail.idle() && p.filters.Idle() &&
		p.staged.Filters == p.staged.Tip && p.staged.EnoughWork
}

// behind reports whether more is missing than following would bring.
func (p *loop) behind() bool {
	return p.tips.fetchingTail || p.staged.Tip.Height-p.staged.Filters.Height > p.cfg.Behind
}

// touched takes over what is staged after it has changed.
func (p *loop) touched() {
	p.staged = p.store.Staged()
	p.judgeStore()
	p.endDispute()
	if p.stagedSince.IsZero() && p.store.Pending() > 0 {
		p.stagedSince = time.Now()
	}
}

// tellPeers sends sendheaders to the peers that were not sent it yet. Each is
// then asked once more for headers, because what it announced until then may
// have been missed.
func (p *loop) tellPeers() {
	for _, id := range p.tips.untold() {
		w := p.tips.peers[id]
		w.told = true
		p.jobs.Do(func(ctx context.Context) jobs.Result {
			err := p.cfg.Peers.SendHeaders(ctx, id)
			return func() error {
				if err != nil {
					w.told = false
					return nil
				}
				p.tips.reopen(id, time.Now())
				return nil
			}
		})
	}
}

// applyFilters adds the filters that have arrived to the chain, in order.
func (p *loop) applyFilters() error {
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

// touchedFilters takes over what was found out about the early filters, which may have dropped
// staged filters.
func (p *loop) touchedFilters() {
	if p.store.Staged().Filters != p.staged.Filters {
		p.touched()
	}
	p.warnOfEarly()
}

// supply returns what the scan for the wallet may use now.
func (p *loop) supply() rescan.Supply {
	return rescan.Supply{Peers: len(p.tips.peers), Tight: !p.ranges.done()}
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
