package peer

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Ban is a host or an address that is not dialled, because of a proven fault of a peer there
// or because the user has banned it.
type Ban struct {
	// Addr is host:port, or a host for all its ports. A proven fault bans the host, of
	// IPv6 the /64 network in the form address/64. A host that is not routed publicly is
	// banned with the port, for it may be one of several nodes of the user.
	Addr string

	Peer     string // host:port of the peer whose fault was proven; empty for a ban of the user
	Reason   fault.Reason
	Evidence string    // the finding of the proof
	At       time.Time // when the ban began
	Until    time.Time
}

// Bans returns the bans in force, by address.
func (p *Pool) Bans() []Ban {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	var bans []Ban
	for _, b := range p.bans {
		if now.Before(b.Until) {
			bans = append(bans, b)
		}
	}
	slices.SortFunc(bans, func(a, b Ban) int { return strings.Compare(a.Addr, b.Addr) })
	return bans
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
	if m := p.member(id); m != nil {
		addr, known = m.addr, true
	}
	host := addrbook.HostOf(addr)
	if b := p.bans[host]; !known || b.Reason != fault.Invalid {
		return
	}
	delete(p.bans, host)
	delete(p.banScores, host)
	p.cfg.Log.Info("Ban is lifted: the data of the peer may be valid", "addr", addr)
	p.wake()
	poke(p.unsaved)
}

// convict bans the host of a peer for a proven fault and ends the connections with it.
func (p *Pool) convict(id p2p.PeerID, r fault.Reason, evidence error) {
	p.mu.Lock()
	m := p.member(id)
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
// score has reached maxScore.
func (p *Pool) fault(m *member, r fault.Reason, err error) {
	p.cfg.Log.Debug("Peer misbehaves", "addr", m.addr, "reason", r.String(), "cause", err)
	if p.charge(m.addr, r) >= fault.MaxScore {
		m.End(fault.New(r, err))
	}
}

// charge is addPoints for the host of an address. It takes the pool's lock.
func (p *Pool) charge(addr string, r fault.Reason) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addPoints(addrbook.HostOf(addr), r)
}

// addPoints raises the ban score of a host and returns its points.
func (p *Pool) addPoints(host string, r fault.Reason) float64 {
	s, now := p.banScores[host], p.cfg.Now()
	s.add(r, now)
	p.setBanScore(host, s)
	return s.points
}

// setBanScore records a ban score. When there are too many, those without points are
// forgotten.
func (p *Pool) setBanScore(host string, s banScore) {
	p.banScores[host] = s
	if len(p.banScores) > maxBanScores {
		now := p.cfg.Now()
		maps.DeleteFunc(p.banScores, func(_ string, s banScore) bool { return s.now(now) < 1 })
	}
}

// ban bans the host of an address, unless it is banned already: the first evidence stays. The
// log entry is an error, because the user may have named this very peer.
func (p *Pool) ban(addr string, r fault.Reason, evidence error) {
	now := p.cfg.Now()
	b := Ban{Addr: addrbook.HostOf(addr), Peer: addr, Reason: r, At: now, Until: now.Add(p.cfg.BanFor)}
	if evidence != nil {
		b.Evidence = evidence.Error()
	}
	if p.enact(b) {
		p.cfg.Log.Error("Peer is banned for a proven fault", "addr", addr, "host", b.Addr, "reason", r.String(),
			"evidence", b.Evidence, "until", b.Until.Format(time.RFC3339))
	}
}

// enact adds a ban, and reports false if its address is banned already. Expired bans are
// removed.
func (p *Pool) enact(b Ban) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.At.Before(p.bans[b.Addr].Until) {
		return false
	}
	maps.DeleteFunc(p.bans, func(_ string, old Ban) bool { return !b.At.Before(old.Until) })
	if len(p.bans) >= maxBans {
		delete(p.bans, p.oldestBan())
	}
	p.bans[b.Addr] = b
	p.endBanned()
	poke(p.unsaved)
	return true
}

// oldestBan returns the address of the oldest ban, those of the user last.
func (p *Pool) oldestBan() string {
	var oldest Ban
	for _, b := range p.bans {
		byUser, than := b.Reason == fault.Unwanted, oldest.Reason == fault.Unwanted
		if oldest.Addr == "" || byUser != than && than || byUser == than && b.At.Before(oldest.At) {
			oldest = b
		}
	}
	return oldest.Addr
}

// endBanned ends the connections with peers whose addresses are banned now.
func (p *Pool) endBanned() {
	for _, m := range p.members {
		if left := p.banLeftAt(m.addr, m.host); left > 0 && m.Live() {
			m.End(fault.New(fault.Unwanted, errors.New("its host is banned")))
		}
	}
}

// banned returns how long an address is still banned; zero or less if it is not.
func (p *Pool) banned(addr string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.banLeft(addr)
}

// banLeft is banned under the lock.
func (p *Pool) banLeft(addr string) time.Duration { return p.banLeftAt(addr, addrbook.HostOf(addr)) }

// banLeftAt is banLeft for an address whose host is known.
func (p *Pool) banLeftAt(addr, host string) time.Duration {
	now := p.cfg.Now()
	if len(p.bans) == 0 {
		return 0
	}
	until := p.bans[addr].Until
	for _, key := range []string{host, ipOf(addr)} {
		if of := p.bans[key].Until; of.After(until) {
			until = of
		}
	}
	return until.Sub(now)
}

// ipOf returns the host part of an address of the form host:port, or the address.
func ipOf(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}

// maxBanScores bounds the remembered ban scores, apart from those that still have points.
const maxBanScores = 4096

// maxBans bounds the bans that are kept.
const maxBans = 4096
