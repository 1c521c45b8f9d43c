package peer

import (
	"net"
	"net/netip"
	"strings"
	"time"
)

// source is what came from one host, or one network of IPv6, over all connections.
type source struct {
	peers  int     // connections
	debt   float64 // bytes that came, less those forgiven
	debtAt time.Time
	failed time.Time // when it did not send a transaction in time, last
}

// sourceOf returns what may send so much in all: the host of an address of the form
// host:port, of IPv6 its network of 64 bits.
func sourceOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return strings.ToLower(host)
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// forget forgets sources without connections when there are too many: those that owe
// nothing, and the one that owes least.
func (h *txRequests) forget(now time.Time) {
	if len(h.sources) < maxSources {
		return
	}
	least := ""
	for name, s := range h.sources {
		s.settle(now)
		switch {
		case s.peers > 0:
		case s.debt == 0 && now.Sub(s.failed) >= unreliable:
			delete(h.sources, name)
		case least == "" || s.debt < h.sources[least].debt:
			least = name
		}
	}
	if len(h.sources) >= maxSources {
		delete(h.sources, least)
	}
}

// settle forgives what is old.
func (s *source) settle(now time.Time) {
	s.debt = max(0, s.debt-now.Sub(s.debtAt).Seconds()*debtDecay)
	s.debtAt = now
}
