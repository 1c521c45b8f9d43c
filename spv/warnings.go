package spv

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Codes of the warnings about the chain and its store that this package has no better place for.
const (
	codeFuture   = "future-block"         // a block is too far ahead of this machine's clock
	codeDeep     = "deep-reorg"           // a reorganisation took back many blocks
	codeInvalid  = "invalid-block"        // a block was left for a transaction in it
	codeRepaired = "chain-store-repaired" // the chain store was damaged
	codeCorrupt  = "chain-store-corrupt"  // nothing of it could be kept
	codeWallet   = "wallet"               // something is wrong with a wallet
)

// eventShown is how long a warning of an event is shown.
const eventShown = 24 * time.Hour

// ofEvent reports whether a warning tells of an event that is over. It goes after eventShown, or is
// renewed when the event happens again; every other warning goes when its cause has gone.
func ofEvent(code string) bool {
	switch code {
	case codeDeep, codeInvalid, codeRepaired, codeCorrupt, codeResumed, codeDefect, codeBootstrap:
		return true
	}
	return false
}

// dropPast removes the warnings of events that have been shown for long enough.
func (d *display) dropPast(now time.Time) {
	for _, w := range d.status.Warnings {
		if ofEvent(w.Code) && now.Sub(w.Since) >= eventShown {
			d.unwarn(w.Code)
		}
	}
}

// warnOfFuture warns of blocks whose times are too far ahead of this machine's clock, until the chain
// has a block at their height: then the clock is right, or they were wrong.
func (l *loop) warnOfFuture(refused []consensus.Height) {
	for _, h := range refused {
		if h <= l.staged.Tip.Height {
			continue
		}
		l.future = h
		l.display.warn(codeFuture, fmt.Sprintf("A peer sent block %s with a time more than two hours ahead of this machine's clock.",
			grouped(h)), "Check this machine's clock.")
	}
	if l.future > 0 && l.staged.Tip.Height >= l.future {
		l.future = 0
		l.display.unwarn(codeFuture)
	}
}
