package peer

import (
	"slices"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/misbehavior"
)

// pardon lifts a ban when package misbehavior decides that one is due.
func (p *Pool) pardon(alone *misbehavior.Isolation, now time.Time) {
	if !alone.PardonDue(p.stranded(), now) {
		return
	}
	named := p.namedHosts()
	b, ok := p.bans.Pardon(func(b Ban) bool { return p.choosesOutbound() || slices.Contains(named, b.Addr) })
	if !ok {
		return
	}
	p.book.Learn(b.Peer, []addrbook.Announced{{Addr: b.Peer, Services: 1, Seen: p.cfg.Now()}}) // it may be forgotten
	p.connectivity.Wake()
}

// namedHosts returns the hosts of the peers that the user has named.
func (p *Pool) namedHosts() (hosts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.manual {
		hosts = append(hosts, w.host)
	}
	return hosts
}

// stranded reports that no peer is connected and that none can be dialled, because of bans.
func (p *Pool) stranded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.members) > 0 || !p.bans.Any() {
		return false
	}
	for _, w := range p.manual {
		if p.bans.Left(w.addr, w.host) <= 0 {
			return false
		}
	}
	return !p.choosesOutbound() || p.book.Count(func(c addrbook.Candidate) bool { return p.freeLocked(c.Addr, c.Host) }) == 0
}
