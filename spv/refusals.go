package spv

import (
	"fmt"

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

// refusedReason says that no peer has headers that pass the rules, and which rule they
// break.
func (f facts) refusedReason() (reason, hint string) {
	hint = "Check whether there is a newer version of spvd. Wait for other peers, or name one with the connect option."
	if f.pinned.refusal.Rule == consensus.RuleWaypoint {
		hint = "Wait for other peers, or name one with the connect option. " +
			"If all of them agree, the list of waypoints is wrong: correct it."
	}
	return fmt.Sprintf("%s connected; the headers of %d were refused at block %s by the rule for %v: "+
		"complete to block %s, asking other peers.",
		f.peerCount(), f.pinned.refused, grouped(f.pinned.refusal.Block.Height), f.pinned.refusal.Rule, grouped(f.staged)), hint
}
