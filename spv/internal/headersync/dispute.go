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
