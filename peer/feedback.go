package peer

import (
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// search is the caller's need for other peers. The pool's lock guards it. The zero value
// means that there is no need.
type search struct {
	reason string    // of the caller; empty if none are needed
	since  time.Time // when the need began
}

// Credit records that a peer has sent the header of the newest block of the best chain, which
// has the given height. A peer is judged by this alone, not by claims and announcements. It
// has no effect on peers that are not connected.
func (p *Pool) Credit(id p2p.PeerID, height uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.memberLocked(id)
	if m == nil {
		return
	}
	if height < p.out.top { // a chain with fewer blocks and more work is the best now
		p.out.top = height - 1
		for _, o := range p.members {
			o.best = min(o.best, height-1)
		}
	}
	if height <= m.best {
		return
	}
	m.best, m.announcedAt = height, time.Now()
	if height > p.out.top {
		p.out.advanced(height, m.announcedAt)
	}
	poke(p.dialDue)
}

// Useless records that a peer has repeatedly sent data that brings nothing new. It raises the
// ban score of its address, and ends the connection once the score is too high. It has no
// effect on peers that are not connected.
func (p *Pool) Useless(id p2p.PeerID, what error) {
	p.mu.Lock()
	m := p.memberLocked(id)
	p.mu.Unlock()
	if m != nil {
		p.fault(m, fault.Useless, what)
	}
}

// Seek makes the pool connect to peers in further network groups, in addition to its
// connections, until it is called with an empty reason.
func (p *Pool) Seek(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer poke(p.dialDue)
	switch {
	case reason == "" && p.search.reason != "":
		p.cfg.Log.Info("Stopped looking for other peers", "after", time.Since(p.search.since).Round(time.Second))
		p.search = search{}
	case reason != "" && p.search.reason == "":
		p.cfg.Log.Info("Looking for other peers", "reason", reason)
		p.search = search{reason, time.Now()}
	case reason != "":
		p.search.reason = reason
	}
}
