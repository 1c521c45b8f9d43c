package txrelay

import (
	"net"
	"net/netip"
	"strings"
	"time"
)

// source is the traffic of one host, or one network of IPv6, over all connections.
type source struct {
	peers  int     // connections
	debt   float64 // bytes that arrived, less those forgiven
	debtAt time.Time
	failed time.Time // when it last failed to send a transaction in time
}

// sourceOf returns the key under which the traffic of an address host:port is bounded: the
// host, of IPv6 its network of 64 bits.
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

// forget removes sources without connections when there are too many: those without debt, and
// the one with the smallest debt.
func (h *txRequests) forget(now time.Time) {
	if len(h.sources) < maxSources {
		return
	}
	least := ""
	for name, s := range h.sources {
		s.decay(now)
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

// decay reduces the debt by the time that has passed.
func (s *source) decay(now time.Time) {
	s.debt = max(0, s.debt-now.Sub(s.debtAt).Seconds()*debtDecay)
	s.debtAt = now
}
