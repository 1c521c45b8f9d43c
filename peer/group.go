package peer

import (
	"net"
	"net/netip"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// Group returns the network group that the address of a live peer lies in, or an empty
// string if that says nothing: of a peer that is not live, and of addresses that are not
// routed publicly, as those of one's own network.
func (p *Pool) Group(id uint64) string {
	p.mu.Lock()
	m := p.member(id)
	p.mu.Unlock()
	if m == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(m.addr)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil && !addrbook.Routable(ip) {
		return ""
	}
	return addrbook.GroupOf(m.addr)
}

// Trip returns the round trip to a live peer as it was last measured, at first by the
// handshake; zero for other peers.
func (p *Pool) Trip(id uint64) time.Duration {
	p.mu.Lock()
	m := p.member(id)
	p.mu.Unlock()
	if m == nil {
		return 0
	}
	return m.rtt()
}
