package peer

import (
	"context"
	"iter"
	"net"
	"net/netip"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Live yields the peers that have completed their handshake, each with the greatest height it
// has claimed.
func (p *Pool) Live() iter.Seq2[p2p.PeerID, uint32] {
	return func(yield func(p2p.PeerID, uint32) bool) {
		for _, m := range p.live() {
			if !yield(m.id, m.Height()) {
				return
			}
		}
	}
}

// Dialling reports whether a connection is being made, the handshake included. A dial ends
// when its peer is live. Dials that only test an address do not count.
func (p *Pool) Dialling() bool {
	return p.connectivity.Dialling()
}

// Host names the machine of a connected peer as far as its address shows: an IPv4 address,
// the /64 network of an IPv6 address, or the name of the host. It is empty for other peers.
func (p *Pool) Host(id p2p.PeerID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.memberLocked(id); m != nil {
		return machine(m.addr)
	}
	return ""
}

// machine returns the result of Host for an address of the form host:port.
func machine(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case ip.Unmap().Is4():
		return ip.Unmap().String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return network.String()
}

// Changed is poked whenever Live, Dialling or TakeAnnouncements may return new values. Its
// capacity is one: it has one reader.
func (p *Pool) Changed() <-chan struct{} { return p.changed }

// TakeAnnouncements yields the announcements since the last call, oldest first per peer. Of a
// peer that announces too much the oldest announcements are dropped.
func (p *Pool) TakeAnnouncements() iter.Seq[p2p.Announcement] {
	return func(yield func(p2p.Announcement) bool) {
		for _, m := range p.live() {
			for _, a := range m.TakeAnnouncements() {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// SendHeaders asks a peer to announce blocks by their headers from now on. It sends the
// request once per connection however often it is called; the request cannot be reverted. It
// fails with Gone if the peer is not connected.
func (p *Pool) SendHeaders(ctx context.Context, id p2p.PeerID) error {
	if ctx.Err() != nil {
		return &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
	}
	p.mu.Lock()
	m := p.memberLocked(id)
	p.mu.Unlock()
	if m == nil {
		return &fault.Error{Reason: fault.Gone}
	}
	return m.SendHeaders()
}

// Ping sends a ping to each connected peer that owes no pong. Infos shows the round trips.
func (p *Pool) Ping() {
	now := time.Now()
	for _, m := range p.live() {
		m.Ping(now)
	}
}

// connected reports whether there is a connection to a peer.
func (p *Pool) connected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.members) > 0
}

// live returns the members whose connections have not ended, by rising id.
func (p *Pool) live() []*member {
	p.mu.Lock()
	defer p.mu.Unlock()
	var live []*member
	for _, m := range p.members {
		if m.Live() {
			live = append(live, m)
		}
	}
	return live
}
