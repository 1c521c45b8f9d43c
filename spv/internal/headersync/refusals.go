package headersync

import (
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// refusals holds, for each live peer whose last headers were refused, the rule that
// they break. It is a pure value.
type refusals map[p2p.PeerID]*consensus.RuleError

// add records that headers of a peer were refused.
func (r refusals) add(id p2p.PeerID, broken *consensus.RuleError) { r[id] = broken }

// accepted records that headers of a peer passed all rules.
func (r refusals) accepted(id p2p.PeerID) { delete(r, id) }

// forget drops a peer that has left.
func (r refusals) forget(id p2p.PeerID) { delete(r, id) }

// any returns one of the broken rules, that of the peer with the lowest id, or nil.
func (r refusals) any() *consensus.RuleError {
	var least p2p.PeerID
	for id := range r {
		if least == 0 || id < least {
			least = id
		}
	}
	return r[least]
}
