package headersync

import (
	"slices"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// dispute is a block on top of the tip that breaks a rule as this version knows it, and the
// peers that have it. One such peer is at fault. When peers in different networks have the
// same block, and no peer shows another chain with more work than the part that is valid,
// the network may have changed the rule by a vote: then no peer is accused.
type dispute struct {
	broken *consensus.RuleError
	work   uint256.Uint256 // of the valid part
	peers  []disputant
	open   bool // the peers lie in different networks
}

// disputant is a peer that has the block.
type disputant struct {
	id    p2p.PeerID
	group string // empty if not known
}

// join adds a peer, and reports whether the peers lie in different networks now.
func (d *dispute) join(id p2p.PeerID, group string) bool {
	if !slices.ContainsFunc(d.peers, func(o disputant) bool { return o.id == id }) {
		for _, o := range d.peers {
			d.open = d.open || group == "" || group != o.group
		}
		d.peers = append(d.peers, disputant{id, group})
	}
	return d.open
}

// disputed records that a peer has a block on top of the tip that breaks a rule. It reports
// whether the peer is not to be accused of it.
func (s *Sync) disputed(id p2p.PeerID, broken *consensus.RuleError) bool {
	if broken.Parent != s.store.Staged().Tip.Hash || !broken.Rule.Proven() {
		return false
	}
	if d := s.dispute; d == nil || d.broken.Block != broken.Block || d.broken.Rule != broken.Rule {
		if d != nil && d.open {
			return false // there is one already
		}
		s.dispute = &dispute{broken: broken, work: s.store.Staged().Work}
	}
	d := s.dispute
	was := d.open
	if !d.join(id, s.deps.Peers.Group(id)) {
		return false
	}
	if !was {
		for _, o := range d.peers {
			s.deps.Peers.Acquit(o.id)
		}
	}
	return true
}

// endDispute ends the dispute once the main chain has more work than the disputed one: then the
// block breaks a rule of the network, and the peers that have it are accused.
func (s *Sync) endDispute(work *uint256.Uint256) {
	d := s.dispute
	if d == nil || !work.Gt(&d.work) {
		return
	}
	s.dispute = nil
	if d.open {
		for _, o := range d.peers {
			s.deps.Peers.Accuse(o.id, d.broken)
		}
	}
}

// Dispute returns the rule that a block on top of the tip breaks, which peers in different
// networks have, while none shows another chain with more work; nil if there is no such block.
func (s *Sync) Dispute() *consensus.RuleError {
	if s.dispute == nil || !s.dispute.open {
		return nil
	}
	return s.dispute.broken
}

// supported reports whether the live peers with the disputed block are at least as many as those
// that have shown all they have without it.
func (s *Sync) supported() bool {
	with, without := 0, 0
	for id, w := range s.tips.peers {
		switch {
		case s.refusals[id] != nil:
			with++
		case w.shown:
			without++
		}
	}
	return with > 0 && with >= without
}
