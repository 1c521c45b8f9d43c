package peer

import (
	"net"
	"net/netip"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/spv/p2p"
)

// Group returns the network group of the address of a live peer. It is empty for a peer that
// is not live, and for addresses that are not routed publicly, like those of the user's own
// network.
func (p *Pool) Group(id p2p.PeerID) string {
	p.mu.Lock()
	m := p.memberLocked(id)
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

// Trip returns the last measured round trip to a live peer, at first that of the handshake;
// zero for other peers.
func (p *Pool) Trip(id p2p.PeerID) time.Duration {
	p.mu.Lock()
	m := p.memberLocked(id)
	p.mu.Unlock()
	if m == nil {
		return 0
	}
	return m.RTT()
}
