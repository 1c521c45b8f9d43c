package peer

import (
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// Ban is an address that is not dialled, because a fault of its peer was proven or
// the user wants it so.
type Ban struct {
	Addr     string // host:port, or a host for all its ports
	Reason   Reason
	Evidence string    // what the proof found
	At       time.Time // when
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

// Accuse reports that something a peer sent is proven wrong: its connection
// ends, and its address is banned with the evidence. It also reaches a peer that
// left not long ago.
func (p *Pool) Accuse(id uint64, evidence error) { p.convict(id, Invalid, evidence) }

// convict bans the address of a peer for a proven fault and ends its connection.
func (p *Pool) convict(id uint64, r Reason, evidence error) {
	p.mu.Lock()
	m := p.member(id)
	addr, known := p.departed.addr(id)
	p.mu.Unlock()
	switch {
	case m != nil:
		p.ban(m.addr, r, evidence)
		m.end(fault(r, evidence))
	case known:
		p.ban(addr, r, evidence)
	}
}

// blame takes the consequences of how a connection ended.
func (p *Pool) blame(addr string, why *Error) {
	if why.Reason.Proven() {
		p.ban(addr, why.Reason, why.Err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addPoints(addr, why.Reason)
}

// fault takes the consequences of something that did not end a connection. The
// peer is left when its standing has become too bad.
func (p *Pool) fault(c *conn, r Reason, err error) {
	p.cfg.Log.Debug("Peer misbehaves", "addr", c.addr, "reason", r.String(), "cause", err)
	p.mu.Lock()
	points := p.addPoints(c.addr, r)
	p.mu.Unlock()
	if points >= maxScore {
		c.end(fault(r, err))
	}
}

// addPoints lowers the standing of an address and returns its points.
func (p *Pool) addPoints(addr string, r Reason) float64 {
	s, now := p.standings[addr], p.cfg.Now()
	s.add(r, now)
	p.setStanding(addr, s)
	return s.points
}

// setStanding remembers a standing. When there are too many, those without points
// are forgotten.
func (p *Pool) setStanding(addr string, s standing) {
	p.standings[addr] = s
	if len(p.standings) > maxStandings {
		now := p.cfg.Now()
		maps.DeleteFunc(p.standings, func(_ string, s standing) bool { return s.now(now) < 1 })
	}
}

// ban bans an address, unless it is already: the first evidence stays. It says
// so loudly, for the user may have asked for this very peer.
func (p *Pool) ban(addr string, r Reason, evidence error) {
	now := p.cfg.Now()
	b := Ban{Addr: addr, Reason: r, At: now, Until: now.Add(p.cfg.BanFor)}
	if evidence != nil {
		b.Evidence = evidence.Error()
	}
	if p.enact(b) {
		p.cfg.Log.Error("Peer is banned for a proven fault", "addr", addr, "reason", r.String(),
			"evidence", b.Evidence, "until", b.Until.Format(time.RFC3339))
	}
}

// enact adds a ban, and reports false if its address is banned already. Those that are
// over are forgotten.
func (p *Pool) enact(b Ban) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.At.Before(p.bans[b.Addr].Until) {
		return false
	}
	maps.DeleteFunc(p.bans, func(_ string, old Ban) bool { return !b.At.Before(old.Until) })
	p.bans[b.Addr] = b
	poke(p.unsaved)
	return true
}

// banned returns how long an address is still banned; zero or less if it is not.
func (p *Pool) banned(addr string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.banLeft(addr)
}

// banLeft is banned under the lock.
func (p *Pool) banLeft(addr string) time.Duration {
	until := p.bans[addr].Until
	if host, _, err := net.SplitHostPort(addr); err == nil && p.bans[host].Until.After(until) {
		until = p.bans[host].Until
	}
	return until.Sub(p.cfg.Now())
}

// maxStandings bounds the addresses whose standing is remembered, apart from those
// that have done wrong not long ago.
const maxStandings = 4096
