package peer

import (
	"errors"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// Ban is a host or an address that is not dialled, because of a proven fault of a peer there
// or because the user has banned it. Addr is a host, for all its ports, or host:port; Peer is
// the peer whose fault was proven, with the Evidence.
type Ban = misbehavior.Ban

// ErrNotBanned means that there is no such ban to lift.
var ErrNotBanned = misbehavior.ErrNotBanned

// Bans returns the bans in force, by address.
func (p *Pool) Bans() []Ban { return p.bans.InForce() }

// Ban bans an address for a time, at the wish of the user, and ends its connections. The
// address is host:port, or a host for all its ports. It replaces an earlier ban. It is an
// error if the address cannot be parsed or the time is not positive.
func (p *Pool) Ban(addr string, d time.Duration) error { return p.bans.Ban(addr, d) }

// Unban lifts the ban of exactly this host or address, whatever it was for, or the ban of its
// host if the fault of the peer with this address was proven. It returns ErrNotBanned if
// there is none.
func (p *Pool) Unban(addr string) error { return p.bans.Unban(addr) }

// convict bans the host of a peer for a proven fault and ends the connections with it.
func (p *Pool) convict(id p2p.PeerID, r fault.Reason, evidence error) {
	addr, known := p.roster.Addr(id)
	if m := p.roster.Get(id); m != nil {
		m.End(fault.New(r, evidence))
	}
	if known {
		p.bans.Convict(addr, r, evidence)
	}
}

// fault records a fault that did not end a connection. The peer is disconnected when its ban
// score has reached fault.MaxScore.
func (p *Pool) fault(m *roster.Peer, r fault.Reason, err error) {
	p.cfg.Log.Debug("Peer misbehaves", "addr", m.Addr, "reason", r.String(), "cause", err)
	if p.bans.Charge(m.Host, r) >= fault.MaxScore {
		m.End(fault.New(r, err))
	}
}

// endBanned ends the connections with banned peers.
func (p *Pool) endBanned(banned func(addr, host string) bool) {
	for _, m := range p.roster.Live() {
		if banned(m.Addr, m.Host) {
			m.End(fault.New(fault.Unwanted, errors.New("its host is banned")))
		}
	}
}
