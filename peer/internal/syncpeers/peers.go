package syncpeers

import (
	"context"
	"iter"
	"time"

	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/outbound"
	"github.com/spvd/spvd/peer/internal/requests"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/peer/internal/txrelay"
	"github.com/spvd/spvd/spv/p2p"
)

// Deps are the parts of the pool, and functions of it.
type Deps struct {
	Network  *connectivity.Network
	Bans     *misbehavior.Tracker
	Roster   *roster.Roster
	Requests *requests.Dispatcher
	Relay    *txrelay.Relay
	Outbound *outbound.Connections

	Changed <-chan struct{} // see Peers.Changed
	Defects func() int      // see Peers.Defects

	// Convict bans the host of a peer for a proven fault. Fault records one that proves nothing.
	// Renew replaces a connection whose peer does not announce transactions.
	Convict func(p2p.PeerID, fault.Reason, error)
	Fault   func(*roster.Peer, fault.Reason, error)
	Renew   func()
}

// Peers are the peers as the syncer uses them.
type Peers struct {
	deps Deps
}

// New returns the peers of a pool.
func New(deps Deps) *Peers { return &Peers{deps: deps} }

// Live yields the peers that have completed their handshake, each with the greatest height it
// has claimed.
func (s *Peers) Live() iter.Seq2[p2p.PeerID, uint32] {
	return func(yield func(p2p.PeerID, uint32) bool) {
		for _, m := range s.deps.Roster.Live() {
			if !yield(m.ID, m.Height()) {
				return
			}
		}
	}
}

// Dialling reports whether a connection is being made, the handshake included. A dial ends
// when its peer is live. Dials that only test an address do not count.
func (s *Peers) Dialling() bool {
	return s.deps.Network.Dialling()
}

// Host names the machine of a connected peer as far as its address shows: an IPv4 address,
// the /64 network of an IPv6 address, or the name of the host. It is empty for other peers.
func (s *Peers) Host(id p2p.PeerID) string {
	if m := s.deps.Roster.Get(id); m != nil {
		return m.Machine()
	}
	return ""
}

// Group returns the network group of the address of a connected peer. It is empty for other peers,
// and for addresses that are not routed publicly, like those of the user's own network.
func (s *Peers) Group(id p2p.PeerID) string {
	if m := s.deps.Roster.Get(id); m != nil {
		return m.Group()
	}
	return ""
}

// Trip returns the last measured round trip to a connected peer, at first that of the handshake;
// zero for other peers.
func (s *Peers) Trip(id p2p.PeerID) time.Duration {
	if m := s.deps.Roster.Get(id); m != nil {
		return m.RTT()
	}
	return 0
}

// Changed is poked whenever Live, Dialling or TakeAnnouncements may return new values. Its
// capacity is one: it has one reader.
func (s *Peers) Changed() <-chan struct{} { return s.deps.Changed }

// TakeAnnouncements yields the announcements since the last call, oldest first per peer. Of a
// peer that announces too much the oldest announcements are dropped.
func (s *Peers) TakeAnnouncements() iter.Seq[p2p.Announcement] {
	return func(yield func(p2p.Announcement) bool) {
		for _, m := range s.deps.Roster.Live() {
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
func (s *Peers) SendHeaders(ctx context.Context, id p2p.PeerID) error {
	if ctx.Err() != nil {
		return &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
	}
	m := s.deps.Roster.Get(id)
	if m == nil {
		return &fault.Error{Reason: fault.Gone}
	}
	return m.SendHeaders()
}

// Defects returns how often this program has panicked over data from a peer or a seeder,
// since the pool was made. The log has the details.
func (s *Peers) Defects() int { return s.deps.Defects() }
