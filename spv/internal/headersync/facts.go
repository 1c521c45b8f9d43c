package headersync

import (
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Facts is what is known of the live peers, for the status.
type Facts struct {
	Peers int              // that are live
	Shown bool             // one of them has shown all it has
	Tail  bool             // long runs of headers are fetched
	Mute  int              // the peers that failed to answer when last asked
	Best  consensus.Height // that more than half of the peers claim
	Claim int              // the number of peers that claim at least it

	Gathering  bool     // dials are waited for, as the first peer has connected only lately
	Awaited    []string // the hosts that are waited for: they have not shown all they have
	More       bool     // each of these claims more than our tip
	Unanswered []string // the hosts that have not answered what they have
	Answered   int      // the number of the other peers

	Refused int                  // the peers whose last headers broke a rule
	Refusal *consensus.RuleError // one of these rules; nil if none was refused
	Denied  consensus.Height     // the lowest waypoint that peers deny; zero for none

	// Dispute is that of the method, if the peers with the block are at least as many as those
	// without it.
	Dispute *consensus.RuleError
}

// Facts returns what is known of the live peers.
func (s *Sync) Facts() Facts {
	f := Facts{
		Peers: len(s.tips.peers), Shown: s.tips.shown(), Tail: s.tips.fetchingTail, Mute: s.tips.failing(),
		Gathering: s.tips.gathering, Awaited: s.tips.hosts(s.tips.awaited),
		Refused: len(s.judge.refusals), Refusal: s.judge.refusals.any(),
	}
	f.Best, f.Claim = s.tips.best()
	f.More = !slices.ContainsFunc(s.tips.awaited, func(id p2p.PeerID) bool { return !s.tips.claimsMore(id) })
	unanswered := s.tips.unanswered()
	f.Unanswered = s.tips.hosts(unanswered)
	f.Answered = f.Peers - len(unanswered)
	f.Denied, _ = s.judge.denials.lowest()
	if d := s.Dispute(); d != nil && s.supported() {
		f.Dispute = d
	}
	return f
}

// Denials drops denials of waypoints that were not repeated for long, and returns the lowest
// waypoint that is denied, and in how many networks; zero for none.
func (s *Sync) Denials(now time.Time) (height consensus.Height, networks int) {
	s.judge.denials.fade(now)
	return s.judge.denials.lowest()
}

// ShownSynced records whether the status is synced. A peer that connects while it is, and claims
// the height of our tip, does not keep it from being so.
func (s *Sync) ShownSynced(synced bool) { s.tips.synced = synced }

// Dispute returns the rule that a block on top of the tip breaks, which peers in different
// networks have, while none shows another chain with more work; nil if there is no such block.
func (s *Sync) Dispute() *consensus.RuleError { return s.judge.disputedRule() }

// supported reports whether the live peers with the disputed block are at least as many as those
// that have shown all they have without it.
func (s *Sync) supported() bool {
	with, without := 0, 0
	for id, w := range s.tips.peers {
		switch {
		case s.judge.refusals[id] != nil:
			with++
		case w.shown:
			without++
		}
	}
	return with > 0 && with >= without
}
