package peer

import (
	"context"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// manyDials is how many dials have to fail in a row, without any connection, for
// the network to be taken for gone. With fewer to dial, each failing once will do.
const manyDials = 8

// connectivity is what the pool knows about the network as such. The pool's lock guards
// it.
type connectivity struct {
	dialers int           // those who would dial if they could
	dials   int           // in progress, handshakes included
	failed  int           // dials in a row that did not connect
	cut     bool          // the network is gone
	back    chan struct{} // closed and replaced when it is back
}

// dialed notes how a dial went, and wakes all who wait when the network is back.
func (p *Pool) dialed(connected bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.connectivity
	switch {
	case connected:
		if l.cut {
			p.cfg.Log.Info("The network is back")
			p.wake()
		}
		l.failed, l.cut = 0, false
	case len(p.members) == 0:
		l.failed++
		if !l.cut && l.failed >= min(manyDials, l.dialers) {
			l.cut = true
			p.cfg.Log.Warn("No peer can be reached, is there a network?", "retry", p.cfg.ProbeEvery)
		}
	}
}

// countDials counts dials that begin, or end if n is negative.
func (p *Pool) countDials(n int) {
	p.mu.Lock()
	p.connectivity.dials += n
	none := p.connectivity.dials == 0
	p.mu.Unlock()
	if none {
		poke(p.changed)
	}
}

// wake ends every pause.
func (p *Pool) wake() {
	close(p.connectivity.back)
	p.connectivity.back = make(chan struct{})
}

// online returns whether the network is there as far as is known, and what is
// closed when it comes back.
func (p *Pool) online() (bool, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.connectivity.cut, p.connectivity.back
}

// retire counts n less that would dial.
func (p *Pool) retire(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connectivity.dialers -= n
}

// gate waits until it makes sense to dial. While the network is gone only one
// dials at a time, in turn and at short intervals, to find out when it is back. It
// reports false if ctx ended. The dial is over when done is called.
func (p *Pool) gate(ctx context.Context) (done func(), ok bool) {
	online, back := p.online()
	if online {
		return func() {}, ctx.Err() == nil
	}
	select {
	case p.probe <- struct{}{}:
	case <-back:
		return func() {}, ctx.Err() == nil
	case <-ctx.Done():
		return nil, false
	}
	if !p.pause(ctx, jitter(p.cfg.ProbeEvery, p.cfg.Rand())) {
		<-p.probe
		return nil, false
	}
	return func() { <-p.probe }, true
}

// pause waits, less long if the network comes back, and reports false if ctx ended
// meanwhile.
func (p *Pool) pause(ctx context.Context, d time.Duration) bool {
	_, back := p.online()
	timer := wait.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-back:
	case <-timer.C():
	}
	return true
}

// jitter returns a duration from the upper half of d.
func jitter(d time.Duration, random uint64) time.Duration {
	half := d / 2
	return half + time.Duration(random%uint64(half+1))
}
