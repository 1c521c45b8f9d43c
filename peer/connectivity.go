package peer

import (
	"context"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// manyDials is how many dials in a row have to fail, without any connection, before the
// network counts as down. With fewer dialling goroutines one failure of each suffices.
const manyDials = 8

// connectivity is what the pool knows about the network itself. The pool's lock guards it.
type connectivity struct {
	dialers int           // goroutines that dial whenever they may
	dials   int           // in progress, handshakes included
	failed  int           // dials in a row that did not connect
	cut     bool          // the network is down
	back    chan struct{} // closed and replaced when the network is back
}

// dialed records the result of a dial. When the network is back it wakes all waiting
// goroutines.
func (p *Pool) dialed(connected bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.connectivity
	switch {
	case connected:
		if l.cut {
			p.cfg.Log.Info("The network is back")
			p.wakeLocked()
		}
		l.failed, l.cut = 0, false
	case len(p.members) == 0:
		l.failed++
		if !l.cut && l.failed >= min(manyDials, l.dialers) {
			l.cut = true
			p.cfg.Log.Warn("No peer can be reached, is there a network?", "retry", p.cfg.probeEvery)
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

// wakeLocked ends every pause.
func (p *Pool) wakeLocked() {
	close(p.connectivity.back)
	p.connectivity.back = make(chan struct{})
}

// online reports whether the network is up as far as is known, and returns the channel that
// is closed when it comes back.
func (p *Pool) online() (bool, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.connectivity.cut, p.connectivity.back
}

// endDialers subtracts n from the dialling goroutines.
func (p *Pool) endDialers(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connectivity.dialers -= n
}

// gate waits until a dial may begin. While the network is down one goroutine dials at a time,
// at short intervals, to detect when it is back. It reports false if ctx ended. The caller
// calls done when the dial has ended.
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
	if !p.pause(ctx, jitter(p.cfg.probeEvery, p.cfg.Rand())) {
		<-p.probe
		return nil, false
	}
	return func() { <-p.probe }, true
}

// pause waits for d, or until the network comes back if that is earlier, and reports false if
// ctx ended.
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
