package peer

import (
	"slices"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// pardonAfter is how long only banned peers are left until the pool lifts a ban, and then how
// long until the next.
const pardonAfter = 10 * time.Minute

// pardon lifts the oldest ban for a proven fault after every address that could be dialled
// has been banned for pardonAfter. Proofs convict the bytes that came from an address, and an
// attacker on the line to all of them can forge these. One more chance now and then costs
// little, because everything the peer sends is proven again. Alone is since when no peer is
// left, zero if there is one; pardon returns its next value.
func (p *Pool) pardon(now, alone time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.strandedLocked():
		return time.Time{}
	case alone.IsZero():
		return now
	case now.Sub(alone) < pardonAfter:
		return alone
	}
	if b, ok := p.oldestProofLocked(); ok {
		p.cfg.Log.Warn("All known peers are banned, giving one another chance", "addr", b.Addr, "reason", b.Reason.String(),
			"evidence", b.Evidence, "since", b.At.Format(time.RFC3339))
		p.record.Lift(b)
		p.book.Learn(b.Peer, []addrbook.Announced{{Addr: b.Peer, Services: 1, Seen: p.cfg.Now()}}) // it may be forgotten
		p.connectivity.Wake()
		poke(p.unsaved)
	}
	return now
}

// strandedLocked reports that no peer is connected and that none can be dialled, because of bans.
func (p *Pool) strandedLocked() bool {
	if len(p.members) > 0 || !p.record.Any() {
		return false
	}
	for _, w := range p.manual {
		if p.banLeftLocked(w.addr) <= 0 {
			return false
		}
	}
	return !p.choosesOutbound() || p.book.Count(func(c addrbook.Candidate) bool { return p.freeLocked(c.Addr, c.Host) }) == 0
}

// oldestProofLocked returns the oldest ban in force for a proven fault whose address can be
// dialled once it is lifted. Bans of the user are left out.
func (p *Pool) oldestProofLocked() (Ban, bool) {
	return p.record.OldestProof(p.cfg.Now(), func(b Ban) bool {
		return p.choosesOutbound() || slices.ContainsFunc(p.manual, func(w *manualPeer) bool { return w.host == b.Addr })
	})
}
