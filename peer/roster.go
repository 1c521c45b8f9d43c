package peer

import (
	"context"
	"iter"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Live yields the peers that have completed their handshake, each with the greatest height it
// has claimed.
func (p *Pool) Live() iter.Seq2[p2p.PeerID, uint32] {
	return func(yield func(p2p.PeerID, uint32) bool) {
		for _, m := range p.roster.Live() {
			if !yield(m.ID, m.Height()) {
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
	if m := p.roster.Get(id); m != nil {
		return m.Machine()
	}
	return ""
}

// Group returns the network group of the address of a connected peer. It is empty for other peers,
// and for addresses that are not routed publicly, like those of the user's own network.
func (p *Pool) Group(id p2p.PeerID) string {
	if m := p.roster.Get(id); m != nil {
		return m.Group()
	}
	return ""
}

// Trip returns the last measured round trip to a connected peer, at first that of the handshake;
// zero for other peers.
func (p *Pool) Trip(id p2p.PeerID) time.Duration {
	if m := p.roster.Get(id); m != nil {
		return m.RTT()
	}
	return 0
}

// Changed is poked whenever Live, Dialling or TakeAnnouncements may return new values. Its
// capacity is one: it has one reader.
func (p *Pool) Changed() <-chan struct{} { return p.changed }

// TakeAnnouncements yields the announcements since the last call, oldest first per peer. Of a
// peer that announces too much the oldest announcements are dropped.
func (p *Pool) TakeAnnouncements() iter.Seq[p2p.Announcement] {
	return func(yield func(p2p.Announcement) bool) {
		for _, m := range p.roster.Live() {
			for _, a := range m.TakeAnnouncements() {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// Credit records that a peer has sent the header of the newest block of the best chain, which
// has the given height. A peer is judged by this alone, not by claims and announcements. It
// has no effect on peers that are not connected.
func (p *Pool) Credit(id p2p.PeerID, height uint32) {
	news, first := p.roster.Credit(id, height)
	if first {
		p.outbound.NewBlock()
	}
	if news {
		p.outbound.Poke()
	}
}

// Useless records that a peer has repeatedly sent data that brings nothing new. It raises the
// ban score of its address, and ends the connection once the score is too high. It has no
// effect on peers that are not connected.
func (p *Pool) Useless(id p2p.PeerID, what error) {
	if m := p.roster.Get(id); m != nil {
		p.fault(m, fault.Useless, what)
	}
}

// Seek makes the pool connect to peers in further network groups, in addition to its
// connections, until it is called with an empty reason.
func (p *Pool) Seek(reason string) { p.outbound.Seek(reason) }

// SendHeaders asks a peer to announce blocks by their headers from now on. It sends the
// request once per connection however often it is called; the request cannot be reverted. It
// fails with Gone if the peer is not connected.
func (p *Pool) SendHeaders(ctx context.Context, id p2p.PeerID) error {
	if ctx.Err() != nil {
		return &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
	}
	m := p.roster.Get(id)
	if m == nil {
		return &fault.Error{Reason: fault.Gone}
	}
	return m.SendHeaders()
}

// Ping sends a ping to each connected peer that owes no pong. Infos shows the round trips.
func (p *Pool) Ping() {
	now := time.Now()
	for _, m := range p.roster.Live() {
		m.Ping(now)
	}
}
