package peer

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// ErrNotBanned means that there is no such ban to be lifted.
var ErrNotBanned = errors.New("address is not banned")

// Ban keeps away from an address for a time, because the user wants it so. The
// address is host:port, or a host for all its ports. It replaces a ban that is in
// force.
func (p *Pool) Ban(addr string, d time.Duration) error {
	addr, err := banKey(addr)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("ban %s: a time of %v is over at once", addr, d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	p.bans[addr] = Ban{Addr: addr, Reason: Unwanted, At: now, Until: now.Add(d)}
	for _, m := range p.members {
		if p.banLeft(m.addr) > 0 {
			m.end(fault(Unwanted, nil))
		}
	}
	poke(p.unsaved)
	return nil
}

// Unban lifts a ban, whatever it was for. It returns ErrNotBanned if there is none
// of exactly this address.
func (p *Pool) Unban(addr string) error {
	addr, err := banKey(addr)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.cfg.Now().Before(p.bans[addr].Until) {
		return fmt.Errorf("unban %s: %w", addr, ErrNotBanned)
	}
	delete(p.bans, addr)
	delete(p.standings, addr)
	p.wake()
	poke(p.unsaved)
	return nil
}

// banKey brings the address of a ban into the form host:port, or host if it has
// no port.
func banKey(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"); net.ParseIP(bare) != nil {
		return bare, nil
	}
	if s != "" && !strings.Contains(s, ":") {
		return s, nil
	}
	return address(s, "")
}
