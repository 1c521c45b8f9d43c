package spv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/match"
)

// codeResumed is the warning after an error that a peer has caused, and that no phase has
// worked around.
const codeResumed = "sync-resumed"

// codeDefect is the warning after a panic over what a peer has sent.
const codeDefect = "defect"

// resumePause is how long a run waits before it goes on after such an error, so that a
// peer that causes one again and again costs little.
// Each time that follows within resumeAgain the pause is twice as long, up to maxResumePause.
const (
	resumePause    = 5 * time.Second
	maxResumePause = 5 * time.Minute
	resumeAgain    = 30 * time.Minute
)

// causedByPeers reports whether an error follows from what peers have sent, or from how
// their chains changed: it never ends a run. What is left, and may end one, is trouble
// with the disk, with the settings, and with the files of a wallet, and what the caller
// does.
func causedByPeers(err error) bool {
	var broken *consensus.RuleError
	var invalid *consensus.InvalidBlock
	var failed *defect.Error
	if errors.As(err, &broken) || errors.As(err, &invalid) || errors.As(err, &failed) {
		return true
	}
	for _, cause := range []error{
		chain.ErrOrphan, chain.ErrStale, consensus.ErrOutOfReach, chain.ErrNotFound,
		match.ErrMalformed, headersync.ErrGoesBack, headersync.ErrElsewhere, headersync.ErrOutdated,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// resume goes on after an error that a peer has caused. No phase should return one, and
// so the log and the status tell of it. The store is opened again, because what was
// staged may be half done.
func (l *loop) resume(ctx context.Context, cause error) (Phase, error) {
	l.resumedFor = pauseAfter(l.resumedAt, time.Now(), l.resumedFor)
	l.resumedAt = time.Now()
	l.syncer.defects.Report(cause)
	l.cfg.Log.Error("What a peer sent has interrupted the sync, which goes on", "err", cause, "pause", l.resumedFor)
	l.display.warn(codeResumed, "What a peer sent has interrupted the sync, which goes on.",
		"Report this with the log of the daemon.")
	l.pausing = true
	defer func() { l.pausing = false }()
	if err := l.reopen(); err != nil {
		return Failed, errors.Join(cause, err)
	}
	_ = wait.For(ctx, l.resumedFor) // a run that is to stop opens the store and then does
	return l.open()
}

// warnOfDefects warns of the panics so far, those in the pool included.
func (l *loop) warnOfDefects() {
	n := l.syncer.defects.Count() + l.cfg.Peers.Defects()
	if n == l.defectsShown {
		return
	}
	l.defectsShown = n
	text := "This program has failed over what a peer sent, and goes on."
	if n > 1 {
		text = fmt.Sprintf("This program has failed %d times over what peers sent, and goes on.", n)
	}
	l.display.warn(codeDefect, text, "It is a defect of spvd: report it with the log of the daemon, which says more.")
}

// pauseAfter returns how long a run waits before it goes on after an error that interrupted
// it, given when it last did and for how long it waited then: twice as long if it soon fails
// again.
func pauseAfter(last, now time.Time, before time.Duration) time.Duration {
	if last.IsZero() || now.Sub(last) > resumeAgain {
		return resumePause
	}
	return min(2*before, maxResumePause)
}
