package spv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
)

// phases runs one phase after the other until one of them is the last.
func (l *loop) phases(ctx context.Context) error {
	l.enter(Opening)
	for {
		next, err := l.phaseContained(ctx)
		if l.store != nil && errors.Is(err, chain.ErrCorrupt) {
			next, err = l.heal(err)
		}
		if l.store != nil && causedByPeers(err) {
			next, err = l.resume(ctx, err)
		}
		if err != nil || next == Stopping {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		l.enter(next)
	}
}

// phaseContained is phase. A panic in a phase that takes what peers send is a *defect.Error, which
// interrupts the run and does not end it. In the others nothing of a peer is handled.
func (l *loop) phaseContained(ctx context.Context) (Phase, error) {
	switch l.display.status.Phase {
	case Importing, CatchingUp, Rescanning, Following:
		return defect.Contain(0, func() (Phase, error) { return l.phase(ctx) })
	}
	return l.phase(ctx)
}

// phase runs the current phase and returns the one after it.
func (l *loop) phase(ctx context.Context) (Phase, error) {
	switch l.display.status.Phase {
	case Opening:
		return l.open()
	case Repairing:
		return l.repair()
	case Importing:
		return l.importSnapshots(ctx)
	case CatchingUp:
		return l.catchUp(ctx)
	case Rescanning:
		return l.rescan(ctx)
	case Following:
		return l.follow(ctx)
	}
	return Failed, fmt.Errorf("no phase follows %v", l.display.status.Phase)
}

// enter makes the transition to a phase and shows it. A transition that is not
// in the table is a defect of this package.
func (l *loop) enter(next Phase) {
	if !l.display.status.Phase.mayBecome(next) {
		panic(fmt.Sprintf("spv: illegal transition from %v to %v", l.display.status.Phase, next))
	}
	l.display.status.Phase, l.display.status.Since = next, time.Now()
	l.cfg.Log.Debug("Entering phase", "phase", next)
	l.show()
}

// close ends the run: the store is closed last.
func (l *loop) close(cause error) error {
	if cause != nil {
		l.display.status.Err = cause
		l.enter(Failed)
	} else {
		l.enter(Stopping)
	}
	var err error
	if l.store != nil {
		err = l.store.Close()
	}
	l.display.status.Initialised = false
	l.headers.Reset()
	if cause == nil {
		l.enter(Idle)
		return err
	}
	l.show()
	return err
}

// repair is the phase Repairing: it brings in order what the last run left.
// Opening the store has cut it back to its last consistent prefix; filters
// missing below the tip are found by catching up, which starts at the first
// one; and a wallet on a branch that lost is rolled back by its next update,
// which starts at the newest block that it and the chain share. So what is
// left to do is to say where things stand and let readers in.
func (l *loop) repair() (Phase, error) {
	state := l.store.State()
	l.scan.Open(l.store.Reader)
	l.walletMoved()
	l.judgeStore()
	l.syncer.chain.Store(l.store.Reader)
	l.display.status.Initialised = true
	scanned, _ := l.scan.Position()
	l.cfg.Log.Info("Chain store opened", "headers", state.Tip.Height, "filters", state.Filters.Height,
		"scanned", scanned.Height, "tip", state.Tip.Hash)
	if len(l.sources) > 0 {
		return Importing, nil
	}
	return CatchingUp, nil
}

// catchUp is the phase CatchingUp: headers and filters are fetched from all
// peers until no live peer has more. The wallet is taken along behind what is written,
// except for the newest blocks. Rescanning follows in the same loop, so that what was
// matched and fetched ahead of the wallet is kept.
func (l *loop) catchUp(ctx context.Context) (Phase, error) {
	return l.run(ctx, func() (Phase, bool) {
		if l.display.status.Phase == Rescanning {
			return l.rescanned()
		}
		if l.caughtUp() && l.store.State().Filters == l.staged.Filters {
			l.enter(Rescanning)
			return l.rescanned()
		}
		l.scan.Behind(l.supply())
		l.walletMoved()
		return Rescanning, false
	})
}

// rescan is the phase Rescanning: the filters above the wallet's tip are
// matched, and blocks that match are fetched and applied, until the wallet is
// at the tip. The chain is kept in step meanwhile.
func (l *loop) rescan(ctx context.Context) (Phase, error) {
	return l.run(ctx, l.rescanned)
}

// rescanned is the goal of Rescanning.
func (l *loop) rescanned() (Phase, bool) {
	if l.behind() {
		return CatchingUp, true
	}
	l.scan.ToTip(l.supply())
	l.walletMoved()
	return Following, l.caughtUp() && l.scan.Done()
}

// follow is the phase Following: the chain is complete, peers are asked to
// announce by headers, and new blocks are fetched when they are announced. Unmined transactions
// are relayed only here: before, what they spend is not known. It is left when
// more is missing than announcements bring, or when the wallet has gone far back
// to search old blocks.
func (l *loop) follow(ctx context.Context) (Phase, error) {
	l.store.Trim()
	l.relay.Begin(l.store.Reader)
	defer l.relay.End()
	return l.run(ctx, func() (Phase, bool) {
		l.scan.ToTip(l.supply())
		l.walletMoved()
		_, watching := l.scan.Position()
		l.relay.Turn(ctx, l.headers.Live(), watching && !l.cfg.BlocksOnly, l.syncer.publications.take(), time.Now())
		l.syncer.publications.updated(l.relay.Changed())
		if l.display.status.FirstSyncDone {
			l.headers.Subscribe()
		}
		if l.scan.Lag() > maxBehind {
			return Rescanning, true
		}
		return CatchingUp, l.behind()
	})
}
