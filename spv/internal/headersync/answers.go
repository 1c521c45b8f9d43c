package headersync

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Times of the questions for the tips of peers.
const (
	// AnswerGrace is how long a peer that has not answered holds up the end of
	// a first sync when another peer has answered: at most, and graceAnswers times as
	// long as the slowest answer of a live peer took, or leastGrace. A peer that claims
	// more than our tip keeps the status from being synced for longer: see patience.
	AnswerGrace  = 2 * time.Second
	graceAnswers = 3
	leastGrace   = 250 * time.Millisecond

	// answerRetry is how long a peer that failed to answer is left alone.
	answerRetry = 5 * time.Second

	// AnswerAge is how long an answer counts: after it the peer is asked again,
	// so that a peer that stopped announcing does not leave us behind. LowAnswerAge is the same
	// where bytes are to be saved: a question takes 350 bytes.
	AnswerAge    = 30 * time.Second
	LowAnswerAge = 10 * time.Minute

	// tailCheck is how long a peer may be connected while the tail of others is fetched before it is
	// asked what it has: it may be the only one on the branch with the most work,
	// and the tail fetch may last as long as its peers like.
	tailCheck = 30 * time.Second
)

// setAnswer records what happened with a peer. Peers that are gone are ignored.
func (s *peerTips) setAnswer(id p2p.PeerID, a answer, now time.Time) {
	if w := s.peers[id]; w != nil {
		w.answer, w.since = a, now
		if a == failed {
			w.failures++
			s.allowance(w.host, now).failures++
		}
		if a == caughtUp {
			if host := s.allowances[w.host]; host != nil {
				host.failures = 0
			}
			w.shown, w.heard, w.broken = true, true, false
			w.next, w.emptyBatches, w.side = consensus.BlockID{}, 0, 0
			if w.again {
				w.answer, w.again = unasked, false
			}
		}
	}
}

// heard records that a peer has replied to a request for headers.
func (s *peerTips) heard(id p2p.PeerID) {
	if w := s.peers[id]; w != nil {
		w.heard = true
	}
}

// progressed records that a peer has sent new headers that were asked for.
func (s *peerTips) progressed(id p2p.PeerID, now time.Time) {
	if w := s.peers[id]; w != nil {
		w.heard, w.progress = true, now
	}
}

// replied records how long a peer took to reply to a request for headers.
func (s *peerTips) replied(id p2p.PeerID, took time.Duration) {
	if w := s.peers[id]; w != nil {
		w.slowest = max(w.slowest, took)
	}
}

// refused records that what a peer has sent leads nowhere, or breaks a rule: it has
// failed, and is asked from our tip on when it is asked again.
func (s *peerTips) refused(id p2p.PeerID, broken bool, now time.Time) {
	s.setAnswer(id, failed, now)
	if w := s.peers[id]; w != nil {
		w.next, w.broken = consensus.BlockID{}, w.broken || broken
	}
}

// ask records that a peer is asked. It is waited for from then on, unless it has
// left a request unanswered before.
func (s *peerTips) ask(id p2p.PeerID, now time.Time) {
	w := s.peers[id]
	if w.failures == 0 && !w.resumed {
		w.since = now
	}
	w.answer, w.resumed = asking, false
}

// restart resets the peers whose request was dropped with the last phase: they are asked again,
// and have been silent since they were first asked.
func (s *peerTips) restart() {
	for _, w := range s.peers {
		if w.answer == asking {
			w.answer, w.resumed = unasked, true
		}
	}
}

// wouldReopen reports whether reopen changes anything: the peer has not been asked for
// what it announced before.
func (s *peerTips) wouldReopen(id p2p.PeerID) bool {
	w := s.peers[id]
	return w != nil && w.answer != unasked && !(w.answer == asking && w.again)
}

// reopen forgets that a peer has caught up: it announced something. A request
// that is on its way may have left too early to tell.
func (s *peerTips) reopen(id p2p.PeerID, now time.Time) {
	switch w := s.peers[id]; {
	case w == nil:
	case w.answer == asking:
		w.again = true
	default:
		w.answer, w.since = unasked, now
	}
}

// age reopens answers that have become too old to rely on and failures that
// are due for another try.
func (s *peerTips) age(now time.Time) {
	for _, w := range s.peers {
		old := w.answer == caughtUp && now.Sub(w.since) >= s.answerAge
		again := w.answer == failed && now.Sub(w.since) >= answerRetry
		if again {
			w.answer = unasked // since stays: it has been silent that long
		}
		if old {
			w.answer, w.since = unasked, now
		}
	}
}
