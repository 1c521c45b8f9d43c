package syncpeers

import (
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Credit records that a peer has sent the header of the newest block of the best chain, which
// has the given height. A peer is judged by this alone, not by claims and announcements. It
// has no effect on peers that are not connected.
func (s *Peers) Credit(id p2p.PeerID, height uint32) {
	news, first := s.deps.Roster.Credit(id, height)
	if first {
		s.deps.Outbound.NewBlock()
	}
	if news {
		s.deps.Outbound.Poke()
	}
}

// Useless records that a peer has repeatedly sent data that brings nothing new. It raises the
// ban score of its address, and ends the connection once the score is too high. It has no
// effect on peers that are not connected.
func (s *Peers) Useless(id p2p.PeerID, what error) {
	if m := s.deps.Roster.Get(id); m != nil {
		s.deps.Fault(m, fault.Useless, what)
	}
}

// Seek makes the pool connect to peers in further network groups, in addition to its
// connections, until it is called with an empty reason.
func (s *Peers) Seek(reason string) { s.deps.Outbound.Seek(reason) }

// Accuse reports that data from a peer is proven invalid: its connection ends, and its host
// is banned with the evidence, whatever the port. It also works for a peer that has
// disconnected recently.
func (s *Peers) Accuse(id p2p.PeerID, evidence error) { s.deps.Convict(id, fault.Invalid, evidence) }

// Acquit lifts the ban that Accuse of a peer has caused, also if the peer has disconnected
// recently. Bans of the user stay.
func (s *Peers) Acquit(id p2p.PeerID) {
	if addr, known := s.deps.Roster.Addr(id); known {
		s.deps.Bans.Acquit(addr)
	}
}
