package peer

import (
	"context"
	"time"
)

// Intervals of what is done to know more peers than the connected ones. Each is
// jittered over its upper half.
const (
	feelerEvery = 4 * time.Minute // an untested address is tried
	rotateEvery = time.Hour       // one connection of the automatic ones is replaced
	lookAgain   = 15 * time.Second
)

// automatic reports whether the pool chooses peers itself.
func (p *Pool) automatic() bool { return len(p.cfg.Connect) == 0 && p.cfg.Outbound > 0 }

// fill keeps one of the automatic connections, each time with a peer of the book.
// Only the rotating one is given up for another after a while: so new peers get
// their chance, and whoever holds all addresses that are told just now does not
// get all connections.
func (p *Pool) fill(ctx context.Context, rotating bool) {
	defer p.retire()
	pauses := backoff{min: p.cfg.RetryMin, max: p.cfg.RetryMax, refused: p.cfg.RetryMax}
	for {
		if !p.hasChoice() {
			if !p.pause(ctx, jitter(lookAgain, p.cfg.Rand())) {
				return
			}
			continue
		}
		done, ok := p.gate(ctx)
		if !ok {
			return
		}
		addr, found := p.choosePeer(anyAddress)
		if !found {
			done()
			if !p.pause(ctx, jitter(lookAgain, p.cfg.Rand())) {
				return
			}
			continue
		}
		turn, cancel := ctx, context.CancelFunc(func() {})
		if rotating {
			turn, cancel = context.WithTimeout(ctx, jitter(rotateEvery, p.cfg.Rand()))
		}
		lived, why := p.session(turn, addr, Outbound, done)
		cancel()
		p.release(addr)
		if ctx.Err() != nil {
			return
		}
		if online, _ := p.online(); !online || turn.Err() != nil {
			continue
		}
		if !p.pause(ctx, pauses.after(why.Reason, lived, p.cfg.Rand())) {
			return
		}
	}
}

// feel meets nodes at untested addresses now and then, while there are peers, so
// that the book has more to offer when one of them goes.
func (p *Pool) feel(ctx context.Context) {
	for p.pause(ctx, jitter(feelerEvery, p.cfg.Rand())) {
		if len(p.conns()) == 0 {
			continue
		}
		if addr, ok := p.choosePeer(onlyUntested); ok {
			p.tryOut(ctx, addr)
			p.release(addr)
		}
	}
}

// tryOut performs the handshake with a peer and leaves it.
func (p *Pool) tryOut(ctx context.Context, addr string) {
	c, err := p.dial(ctx, addr)
	if err != nil {
		why := ofPeer(addr, err, netReason(err))
		p.blame(addr, why)
		p.judgeAddress(addr, why, 0)
		return
	}
	c.nc.Close()
	p.book.Worked(addr, uint64(c.remote.services))
}

// choosePeer takes an address that nobody else uses out of the book, the anchors of
// the last run first, and in a network group of its own while there is one. The
// caller releases it.
func (p *Pool) choosePeer(prefer preference) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.anchors) > 0 && prefer == anyAddress {
		addr := p.anchors[0]
		p.anchors = p.anchors[1:]
		if p.free(addr) {
			p.busy[addr] = true
			return addr, true
		}
	}
	groups := make(map[string]bool)
	for addr := range p.busy {
		groups[groupOf(addr)] = true
	}
	for _, w := range p.wanted {
		groups[groupOf(w.addr)] = true
	}
	addr, ok := p.book.Pick(prefer, func(addr, group string) bool { return !groups[group] && p.free(addr) })
	if !ok && prefer == anyAddress {
		addr, ok = p.book.Pick(prefer, func(addr, _ string) bool { return p.free(addr) })
	}
	if ok {
		p.busy[addr] = true
	}
	return addr, ok
}

// hasChoice reports whether there is an address to be chosen. Without one nobody
// stands at the gate, where others wait for their turn.
func (p *Pool) hasChoice() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.anchors) > 0 || p.book.Count(p.free) > 0
}

// free reports whether an address may be dialled and is not in use.
func (p *Pool) free(addr string) bool {
	return !p.busy[addr] && p.wantedAt(addr) < 0 && p.banLeft(addr) <= 0
}

// judgeAddress notes in the book what became of an address.
func (p *Pool) judgeAddress(addr string, why *Error, lived time.Duration) {
	switch {
	case why.Reason == ClosedByUs, lived >= stable:
	case !why.Reason.Transient():
		p.book.Forget(addr)
	default:
		online, _ := p.online()
		p.book.Failed(addr, online && len(p.conns()) > 0)
	}
}
