package spv

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// codeDefect is the warning after a panic over what a peer has sent.
const codeDefect = "defect"

// defect is a panic while something was handled that a peer has sent. That is a fault of this
// program, and no proof against the peer. It never ends the process: what was handled counts
// as an answer that is none.
type defect struct {
	peer  p2p.PeerID // zero if not known
	value any
	stack []byte
}

// Error says what the panic said.
func (d *defect) Error() string { return fmt.Sprintf("defect of this program: %v", d.value) }

// contained calls work, which handles what a peer has sent, zero if it is not known which one.
// It returns what work returns, or a *defect if that panics.
func contained[T any](peer p2p.PeerID, work func() (T, error)) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &defect{peer: peer, value: r, stack: debug.Stack()}
		}
	}()
	return work()
}

// failedOver reports a defect, if err is one: it is logged with its stack, counted, and costs
// the peer standing. It returns false for other errors. Any goroutine may call it.
func (s *Syncer) failedOver(err error) bool {
	var d *defect
	if !errors.As(err, &d) {
		return false
	}
	s.cfg.Log.Error("Defect of this program: it has failed over what a peer sent, and goes on",
		"peer", d.peer, "panic", fmt.Sprint(d.value), "stack", string(d.stack))
	s.defects.Add(1)
	if d.peer != 0 {
		s.cfg.Peers.Useless(d.peer, err)
	}
	return true
}

// warnOfDefects warns of the panics so far, those in the pool included.
func (r *run) warnOfDefects() {
	n := int(r.defects.Load()) + r.cfg.Peers.Defects()
	if n == r.defectsShown {
		return
	}
	r.defectsShown = n
	text := "This program has failed over what a peer sent, and goes on."
	if n > 1 {
		text = fmt.Sprintf("This program has failed %d times over what peers sent, and goes on.", n)
	}
	r.warn(codeDefect, text, "It is a defect of spvd: report it with the log of the daemon, which says more.")
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
