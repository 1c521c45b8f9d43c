package peer

import (
	"errors"
	"fmt"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/spv/p2p"
)

// Ban is a host or an address that is not dialled, because of a proven fault of a peer there
// or because the user has banned it. Addr is a host, for all its ports, or host:port; Peer is
// the peer whose fault was proven, with the Evidence.
type Ban = misbehavior.Ban

// ErrNotBanned means that there is no such ban to lift.
var ErrNotBanned = misbehavior.ErrNotBanned

// Bans returns the bans in force, by address.
func (p *Pool) Bans() []Ban {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record.InForce(p.cfg.Now())
}

// Ban bans an address for a time, at the wish of the user, and ends its connections. The
// address is host:port, or a host for all its ports. It replaces an earlier ban. It is an
// error if the address cannot be parsed or the time is not positive.
func (p *Pool) Ban(addr string, d time.Duration) error {
	key, err := misbehavior.Key(addr)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("ban %s: a time of %v is over at once", key, d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	p.record.BanKey(key, now, now.Add(d))
	p.endBannedLocked()
	poke(p.unsaved)
	return nil
}

// Unban lifts the ban of exactly this host or address, whatever it was for, or the ban of its
// host if the fault of the peer with this address was proven. It returns ErrNotBanned if
// there is none.
func (p *Pool) Unban(addr string) error {
	key, err := misbehavior.Key(addr)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.record.Unban(key, p.cfg.Now()); err != nil {
		return fmt.Errorf("unban %s: %w", key, err)
	}
	p.connectivity.Wake()
	poke(p.unsaved)
	return nil
}

// Accuse reports that data from a peer is proven invalid: its connection ends, and its host
// is banned with the evidence, whatever the port. It also works for a peer that has
// disconnected recently.
func (p *Pool) Accuse(id p2p.PeerID, evidence error) { p.convict(id, fault.Invalid, evidence) }

// Acquit lifts the ban that Accuse of a peer has caused, also if the peer has disconnected
// recently. Bans of the user stay.
func (p *Pool) Acquit(id p2p.PeerID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	addr, known := p.departed.addr(id)
	if m := p.memberLocked(id); m != nil {
		addr, known = m.addr, true
	}
	if !known || !p.record.Acquit(addr) {
		return
	}
	p.cfg.Log.Info("Ban is lifted: the data of the peer may be valid", "addr", addr)
	p.connectivity.Wake()
	poke(p.unsaved)
}

// convict bans the host of a peer for a proven fault and ends the connections with it.
func (p *Pool) convict(id p2p.PeerID, r fault.Reason, evidence error) {
	p.mu.Lock()
	m := p.memberLocked(id)
	addr, known := p.departed.addr(id)
	p.mu.Unlock()
	switch {
	case m != nil:
		m.End(fault.New(r, evidence))
		p.ban(m.addr, r, evidence)
	case known:
		p.ban(addr, r, evidence)
	}
}

// blame records the reason for which a connection ended, as a ban or in the ban score of the
// host.
func (p *Pool) blame(addr string, why *fault.Error) {
	if why.Reason.Proven() {
		p.ban(addr, why.Reason, why.Err)
		return
	}
	p.charge(addr, why.Reason)
}

// fault records a fault that did not end a connection. The peer is disconnected when its ban
// score has reached fault.MaxScore.
func (p *Pool) fault(m *member, r fault.Reason, err error) {
	p.cfg.Log.Debug("Peer misbehaves", "addr", m.addr, "reason", r.String(), "cause", err)
	if p.charge(m.addr, r) >= fault.MaxScore {
		m.End(fault.New(r, err))
	}
}

// charge adds the points of a reason to the ban score of the host of an address, and returns
// the points that the host has then.
func (p *Pool) charge(addr string, r fault.Reason) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record.Charge(addrbook.HostOf(addr), r, p.cfg.Now())
}

// ban bans the host of an address, unless it is banned already: the first evidence stays. The
// log entry is an error, because the user may have named this very peer.
func (p *Pool) ban(addr string, r fault.Reason, evidence error) {
	now := p.cfg.Now()
	p.mu.Lock()
	b, banned := p.record.BanPeer(addr, r, evidence, now, now.Add(p.cfg.banFor))
	if banned {
		p.endBannedLocked()
		poke(p.unsaved)
	}
	p.mu.Unlock()
	if banned {
		p.cfg.Log.Error("Peer is banned for a proven fault", "addr", addr, "host", b.Addr, "reason", r.String(),
			"evidence", b.Evidence, "until", b.Until.Format(time.RFC3339))
	}
}

// endBannedLocked ends the connections with peers whose addresses are banned now.
func (p *Pool) endBannedLocked() {
	for _, m := range p.members {
		if left := p.record.Left(m.addr, m.host, p.cfg.Now()); left > 0 && m.Live() {
			m.End(fault.New(fault.Unwanted, errors.New("its host is banned")))
		}
	}
}

// banLeft returns how long an address is still banned; zero or less if it is not.
func (p *Pool) banLeft(addr string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.banLeftLocked(addr)
}

// banLeftLocked is banLeft under the lock.
func (p *Pool) banLeftLocked(addr string) time.Duration {
	return p.record.Left(addr, addrbook.HostOf(addr), p.cfg.Now())
}
