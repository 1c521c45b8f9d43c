package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
)

// ErrNotBanned means that there is no such ban to lift.
var ErrNotBanned = errors.New("address is not banned")

// Ban bans an address for a time, at the wish of the user, and ends its connections. The
// address is host:port, or a host for all its ports. It replaces an earlier ban. It is an
// error if the address cannot be parsed or the time is not positive.
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
	p.bans[addr] = Ban{Addr: addr, Reason: fault.Unwanted, At: now, Until: now.Add(d)}
	p.endBanned()
	poke(p.unsaved)
	return nil
}

// Unban lifts the ban of exactly this host or address, whatever it was for, or the ban of its
// host if the fault of the peer with this address was proven. It returns ErrNotBanned if
// there is none.
func (p *Pool) Unban(addr string) error {
	addr, err := banKey(addr)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key, host := addr, addrbook.HostOf(addr)
	if _, _, err := net.SplitHostPort(addr); err != nil {
		host = addrbook.HostOf(net.JoinHostPort(addr, "1"))
	}
	if !p.cfg.Now().Before(p.bans[key].Until) && p.bans[host].Peer == addr {
		key = host
	}
	if !p.cfg.Now().Before(p.bans[key].Until) {
		return fmt.Errorf("unban %s: %w", addr, ErrNotBanned)
	}
	delete(p.bans, key)
	delete(p.banScores, host)
	p.wake()
	poke(p.unsaved)
	return nil
}

// banKey returns the canonical spelling of the address of a ban: host:port, host if it has no
// port, or a /64 network of IPv6 as in bans for proven faults.
func banKey(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if ip, err := netip.ParseAddr(bare); err == nil {
		return ip.Unmap().String(), nil
	}
	if net, err := netip.ParsePrefix(bare); err == nil && net.Addr().Is6() && net.Bits() == 64 {
		return net.Masked().String(), nil
	}
	if s != "" && !strings.Contains(s, ":") {
		return s, nil
	}
	return addrbook.Parse(s, "")
}
