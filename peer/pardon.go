package peer

import (
	"slices"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// pardonAfter is how long a pool has nobody but banned peers until it lifts a ban,
// and then how long until the next.
const pardonAfter = 10 * time.Minute

// pardon lifts the oldest ban that was for a proven fault, when every address that
// could be dialled has been banned for a while: proofs convict what came from an
// address, and whoever sits on the line to all of them can spoil that. Giving one a
// chance now and then costs little, for whatever it sends is proven again. Alone is
// since when nobody is left, zero if somebody is; it returns the next value.
func (p *Pool) pardon(now, alone time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.stranded():
		return time.Time{}
	case alone.IsZero():
		return now
	case now.Sub(alone) < pardonAfter:
		return alone
	}
	if b, ok := p.oldestProof(); ok {
		p.cfg.Log.Warn("All known peers are banned, giving one another chance", "addr", b.Addr, "reason", b.Reason.String(),
			"evidence", b.Evidence, "since", b.At.Format(time.RFC3339))
		delete(p.bans, b.Addr)
		p.book.Learn(b.Peer, []addrbook.Announced{{Addr: b.Peer, Services: 1, Seen: p.cfg.Now()}}) // it may have been forgotten
		p.wake()
		poke(p.unsaved)
	}
	return now
}

// stranded reports whether there is nobody, and nobody to be dialled, because of
// bans.
func (p *Pool) stranded() bool {
	if len(p.members) > 0 || len(p.bans) == 0 {
		return false
	}
	for _, w := range p.manual {
		if p.banLeft(w.addr) <= 0 {
			return false
		}
	}
	return !p.choosesOutbound() || p.book.Count(func(c addrbook.Candidate) bool { return p.free(c.Addr, c.Host) }) == 0
}

// oldestProof returns the ban in force that has been there for longest, of those
// that the user has not asked for and that lifting would be of use.
func (p *Pool) oldestProof() (oldest Ban, ok bool) {
	now := p.cfg.Now()
	for _, b := range p.bans {
		of := b.Reason.Proven() && now.Before(b.Until) && (p.choosesOutbound() || slices.ContainsFunc(p.manual, func(w *manualPeer) bool { return w.host == b.Addr }))
		if of && (!ok || b.At.Before(oldest.At) || b.At.Equal(oldest.At) && b.Addr < oldest.Addr) {
			oldest, ok = b, true
		}
	}
	return oldest, ok
}
