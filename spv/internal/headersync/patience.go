package headersync

import (
	"maps"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// How long peers keep the status from being synced.
const (
	// A peer that claims another height than that of our tip, or has begun to show another
	// branch, and has not shown all it has, is waited for answersAwaited times as long as
	// the slowest answer of a live peer took, or its own round trip, at least LeastPatience
	// and at most mostPatience. One that claims the height of our tip is waited for
	// tripsAwaited of its round trips, and leastGrace.
	answersAwaited = 3
	tripsAwaited   = 2
	LeastPatience  = 10 * time.Second
	mostPatience   = 30 * time.Second

	// mostShowing is how long a peer is waited for in all while it sends new headers
	// within that patience: of a branch that has no more work yet.
	mostShowing = 10 * time.Minute

	// patienceAge is how long a host has to be away until it is given time again, and
	// maxAllowances how many hosts are remembered.
	patienceAge   = 24 * time.Hour
	maxAllowances = 4096

	// maxTurn is how much of a turn of the loop counts: two of its ticks.
	maxTurn = 500 * time.Millisecond

	// GatherTime is how long the dials in progress are waited for when the first peer
	// has connected.
	GatherTime = 10 * time.Second
)

// allowance is the time that the peers of one host have been waited for, whatever
// number of connections they made.
type allowance struct {
	silent  time.Duration // without new headers
	showing time.Duration // while new headers were received
	last    time.Time

	failures int // answers to requests for headers that were none, since the last that was one
}

// left reports whether there is time left of what a host is given: limit without new
// headers.
func (a *allowance) left(showing bool, limit time.Duration) bool {
	if showing {
		return a.showing < mostShowing
	}
	return a.silent < limit
}

// connected records whether dials are in progress. From the first connection on others
// are waited for until there are none, or for GatherTime.
func (s *peerTips) connected(dialling bool, now time.Time) {
	switch {
	case len(s.peers) == 0:
		s.gathering, s.gathered = false, time.Time{}
	case s.gathered.IsZero():
		s.gathering, s.gathered = dialling, now
	case !dialling || now.Sub(s.gathered) >= GatherTime:
		s.gathering = false
	}
}

// patience returns how long a host is waited for.
func (s *peerTips) patience() time.Duration {
	slowest := time.Duration(0)
	for _, w := range s.peers {
		slowest = max(slowest, w.slowest)
	}
	return min(max(answersAwaited*slowest, LeastPatience), mostPatience)
}

// unfinished reports whether a peer may have more work than a tip of ours and has not
// shown all it has on this connection. A height says nothing about work: a branch that is
// lower may have more. One peer is left out: it has connected while the status was synced
// and claims the height of our tip. What breaks a rule is no more than the peer has shown.
func (w *peerTip) unfinished(tip consensus.Height) bool {
	switch {
	case w.broken:
		return false
	case w.next != consensus.BlockID{}:
		return true
	}
	return !w.shown && (w.claimed != tip || !w.joinedSynced)
}

// patience returns for how long the host of a peer is waited for, given how long any is: a
// peer that claims the height of our tip is probably on our chain, so it is given time for
// tripsAwaited round trips, which is what an honest peer needs.
func (w *peerTip) patience(tip consensus.Height, most time.Duration) time.Duration {
	if w.claimed == tip && w.next == (consensus.BlockID{}) {
		return min(leastGrace+tripsAwaited*w.trip, mostPatience)
	}
	return min(max(most, answersAwaited*w.trip), mostPatience)
}

// await counts the time since it was last called for each host that is waited for, given
// the height of our tip, and finds out which peers are. Nothing is counted while others
// lead, and of a long turn of the loop no more than maxTurn.
func (s *peerTips) await(tip consensus.Height, now time.Time) {
	passed := min(now.Sub(s.checkedAt), maxTurn)
	s.checkedAt, s.height = now, tip
	s.awaited = s.awaited[:0]
	if s.fetchingTail {
		return
	}
	most := s.patience()
	type spent struct {
		by      *allowance
		showing bool
	}
	counted := make(map[spent]bool)
	for _, id := range s.live() {
		w := s.peers[id]
		if !w.unfinished(tip) {
			continue
		}
		limit := w.patience(tip, most)
		a, showing := s.allowance(w.host, now), now.Sub(w.progress) < limit
		switch k := (spent{a, showing}); {
		case counted[k]:
		case showing:
			a.showing += passed
		default:
			a.silent += passed
		}
		counted[spent{a, showing}] = true
		if a.left(showing, limit) {
			s.awaited = append(s.awaited, id)
		}
	}
}

// allowance returns that of a host.
func (s *peerTips) allowance(host string, now time.Time) *allowance {
	a := s.allowances[host]
	if a == nil {
		s.forgetAllowances(now)
		a = new(allowance)
		s.allowances[host] = a
	}
	if now.Sub(a.last) >= patienceAge {
		*a = allowance{}
	}
	a.last = now
	return a
}

// forgetAllowances makes room for one more: those of hosts that were away for long go
// first, then the oldest.
func (s *peerTips) forgetAllowances(now time.Time) {
	if len(s.allowances) < maxAllowances {
		return
	}
	maps.DeleteFunc(s.allowances, func(_ string, a *allowance) bool { return now.Sub(a.last) >= patienceAge })
	for len(s.allowances) >= maxAllowances {
		oldest, first := "", true
		for host, a := range s.allowances {
			if first || a.last.Before(s.allowances[oldest].last) {
				oldest, first = host, false
			}
		}
		delete(s.allowances, oldest)
	}
}

// claimsMore reports whether a peer claims more than the tip that await was called with.
func (s *peerTips) claimsMore(id p2p.PeerID) bool {
	w := s.peers[id]
	return w != nil && w.claimed > s.height
}

// unanswered returns the peers that have not shown all they have on this connection, or
// failed to answer when last asked.
func (s *peerTips) unanswered() []p2p.PeerID {
	return slices.DeleteFunc(s.live(), func(id p2p.PeerID) bool {
		w := s.peers[id]
		return w.shown && w.answer != failed
	})
}

// hosts returns the names of peers for users, each once.
func (s *peerTips) hosts(ids []p2p.PeerID) []string {
	var names []string
	for _, id := range ids {
		if w := s.peers[id]; w != nil && !slices.Contains(names, w.host) {
			names = append(names, w.host)
		}
	}
	return names
}
