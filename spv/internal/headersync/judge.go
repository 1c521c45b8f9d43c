package headersync

import (
	"cmp"
	"time"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// judge records which peers have sent headers that break a rule, and reports them to the pool. It
// decides about no chain.
type judge struct {
	deps     Deps
	denials  denials            // the networks whose chains go around waypoints
	refusals refusals           // the peers whose headers were refused
	dispute  *dispute           // the newest block on top of the tip that breaks a rule; nil for none
	future   []consensus.Height // of blocks whose times are too far ahead; not taken by Changes yet
}

// newJudge returns a judge without any records.
func newJudge(deps Deps) *judge {
	return &judge{deps: deps, denials: make(denials), refusals: make(refusals)}
}

// accepted records that headers of a peer have passed all rules, with the tip that they led to.
func (j *judge) accepted(id p2p.PeerID, tip consensus.Height) {
	j.refusals.accepted(id)
	j.denials.passed(tip)
}

// refuse records headers of a peer on a host that break a rule, and reports the peer to the pool as
// far as it is at fault. Staged is the main chain, and reached the work of the headers before the
// broken one.
func (j *judge) refuse(
	id p2p.PeerID, host string, broken *consensus.RuleError, staged *chain.State, reached *uint256.Uint256,
) {
	j.refusals.add(id, broken)
	if broken.Rule == consensus.RuleWaypoint {
		j.deps.Log.Warn("Headers refused", "peer", id, "err", broken)
		j.contradicted(id, host, broken, staged.Tip.Height, reached)
		return
	}
	if j.disputed(id, broken, staged) {
		j.deps.Log.Debug("Headers refused", "peer", id, "err", broken)
		return
	}
	j.deps.Log.Warn("Headers refused", "peer", id, "err", broken)
	j.accuse(id, broken)
}

// accuse reports a broken rule to the pool, unless it may be our clock that is wrong: then users
// are warned.
func (j *judge) accuse(id p2p.PeerID, broken *consensus.RuleError) {
	if broken.Rule.Proven() {
		j.deps.Peers.Accuse(id, broken)
	}
	if broken.Rule == consensus.RuleFutureTime {
		j.future = append(j.future, broken.Block.Height)
	}
}

// contradicted takes the consequences of headers that go around a waypoint. If our chain
// holds it, they lead nowhere, and the ban score of their host rises. If not,
// that counts only if their chain has the network's minimum known work: anyone can make up
// one with less.
func (j *judge) contradicted(
	id p2p.PeerID, host string, broken *consensus.RuleError, tip consensus.Height, reached *uint256.Uint256,
) {
	if consensus.CheckWaypoint(j.deps.Params, broken.Block) == nil || broken.Block.Height <= tip {
		j.useless(id, broken)
		return
	}
	if !consensus.EnoughWork(j.deps.Params, *reached) {
		return
	}
	j.denials.add(cmp.Or(j.deps.Peers.Group(id), host), broken.Block.Height, time.Now())
	j.denials.passed(tip)
}

// useless reports that a peer sends, again and again, what brings nothing.
func (j *judge) useless(id p2p.PeerID, what error) {
	j.deps.Log.Debug("Useless messages", "peer", id, "what", what)
	j.deps.Peers.Useless(id, what)
}

// disputed records that a peer has a block on top of the tip that breaks a rule. It reports
// whether the peer is not to be accused of it.
func (j *judge) disputed(id p2p.PeerID, broken *consensus.RuleError, staged *chain.State) bool {
	if broken.Parent != staged.Tip.Hash || !broken.Rule.Proven() {
		return false
	}
	if d := j.dispute; d == nil || d.broken.Block != broken.Block || d.broken.Rule != broken.Rule {
		if d != nil && d.open {
			return false // there is one already
		}
		j.dispute = &dispute{broken: broken, work: staged.Work}
	}
	d := j.dispute
	was := d.open
	if !d.join(id, j.deps.Peers.Group(id)) {
		return false
	}
	if !was {
		for _, o := range d.peers {
			j.deps.Peers.Acquit(o.id)
		}
	}
	return true
}

// endDispute ends the dispute once the main chain has more work than the disputed one: then the
// block breaks a rule of the network, and the peers that have it are accused.
func (j *judge) endDispute(work *uint256.Uint256) {
	d := j.dispute
	if d == nil || !work.Gt(&d.work) {
		return
	}
	j.dispute = nil
	if d.open {
		for _, o := range d.peers {
			j.deps.Peers.Accuse(o.id, d.broken)
		}
	}
}

// disputedRule returns the rule that the disputed block breaks, if its peers lie in different
// networks; nil without such a block.
func (j *judge) disputedRule() *consensus.RuleError {
	if j.dispute == nil || !j.dispute.open {
		return nil
	}
	return j.dispute.broken
}
