package headersync

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// peerTips knows which live peers have shown all the headers they have. What a
// peer that has caught up has cannot beat our chain, and our chain's work only grows, so
// an answer stays true until the peer announces something. It is a pure
// value: no clock, no network.
type peerTips struct {
	peers     map[p2p.PeerID]*peerTip
	answerAge time.Duration

	// fetchingTail is true while one peer at a time is asked for long runs of
	// headers, so that none is downloaded twice.
	fetchingTail bool

	// gathering is true while dials are waited for, gathered when the first of the
	// peers connected.
	gathering bool
	gathered  time.Time

	// synced is whether the status was synced when it was last shown.
	synced bool

	// awaited are the peers that keep the status from being synced, as found by await, which was
	// last called at checkedAt, with a tip of the height. allowances holds by host how long they
	// may.
	awaited    []p2p.PeerID
	checkedAt  time.Time
	height     consensus.Height
	allowances map[string]*allowance
}

// newPeerTips returns the tips of no peer, with a tail fetch to begin with.
func newPeerTips(answerAge time.Duration) *peerTips {
	return &peerTips{answerAge: answerAge, peers: make(map[p2p.PeerID]*peerTip), fetchingTail: true, allowances: make(map[string]*allowance)}
}

// setHost records the machine behind a peer, and how long a round trip to it takes. Requests that
// peers of the same host failed to answer on earlier connections count as if they had been on
// this one.
func (s *peerTips) setHost(id p2p.PeerID, host string, trip time.Duration, now time.Time) {
	if host == "" {
		host = fmt.Sprintf("peer %d", id)
	}
	w := s.peers[id]
	w.host, w.trip = host, trip
	if a := s.allowances[host]; a != nil && a.failures > 0 && now.Sub(a.last) < patienceAge {
		w.failures, w.since = a.failures, time.Time{}
	}
}

// update takes over which peers are live and what height each claims. It
// returns the peers that left, and whether any has connected or left.
func (s *peerTips) update(live iter.Seq2[p2p.PeerID, uint32], now time.Time) (gone []p2p.PeerID, changed bool) {
	seen := make(map[p2p.PeerID]bool, len(s.peers))
	for id, claimed := range live {
		seen[id] = true
		w := s.peers[id]
		if w == nil {
			w = &peerTip{since: now, joined: now, joinedSynced: s.synced}
			s.peers[id] = w
			changed = true
		}
		w.claimed = consensus.Height(min(claimed, uint32(consensus.Never)))
	}
	for id := range s.peers {
		if !seen[id] {
			delete(s.peers, id)
			gone = append(gone, id)
		}
	}
	return gone, changed || len(gone) > 0
}

// source returns the peer that the headers of a peer are charged to: that peer, or zero if it is
// gone.
func (s *peerTips) source(id p2p.PeerID) p2p.PeerID {
	if s.peers[id] == nil {
		return 0
	}
	return id
}

// host returns the machine behind a peer; empty if the peer is gone.
func (s *peerTips) host(id p2p.PeerID) string {
	if w := s.peers[id]; w != nil {
		return w.host
	}
	return ""
}

// exhausted returns the peers that are of no use for the tail fetch: they have shown all
// they have, or failed recently.
func (s *peerTips) exhausted() []p2p.PeerID {
	var ids []p2p.PeerID
	for id, w := range s.peers {
		if w.answer == caughtUp || w.answer == failed {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// live returns all peers.
func (s *peerTips) live() []p2p.PeerID { return slices.Sorted(maps.Keys(s.peers)) }

// isTailPeer reports whether a peer is live and may have headers that we have not.
func (s *peerTips) isTailPeer(id p2p.PeerID) bool { return slices.Contains(s.tailPeers(), id) }

// tailPeers returns the peers that may have headers that we have not.
func (s *peerTips) tailPeers() []p2p.PeerID {
	exhausted := s.exhausted()
	return slices.DeleteFunc(s.live(), func(id p2p.PeerID) bool { return slices.Contains(exhausted, id) })
}

// later returns the tail peers that have failed more often than another one: they are
// asked after it, so that each has its turn however fast some of them fail.
func (s *peerTips) later() []p2p.PeerID {
	peers := s.tailPeers()
	fewest := 0
	for i, id := range peers {
		if n := s.peers[id].failures; i == 0 || n < fewest {
			fewest = n
		}
	}
	return slices.DeleteFunc(peers, func(id p2p.PeerID) bool { return s.peers[id].failures == fewest })
}

// due returns the peers to be asked one by one now, in order of their ids. During the tail fetch
// these are the peers that are known to have another branch, and those that have sent no headers
// for long.
func (s *peerTips) due(now time.Time) []p2p.PeerID {
	var ids []p2p.PeerID
	for id, w := range s.peers {
		other := w.next != consensus.BlockID{} || !w.heard && now.Sub(w.joined) >= tailCheck
		if w.answer == unasked && (!s.fetchingTail || other) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// grace returns how long a peer that has not answered is waited for.
func (s *peerTips) grace() time.Duration {
	slowest := time.Duration(0)
	for _, w := range s.peers {
		slowest = max(slowest, w.slowest)
	}
	if slowest == 0 {
		return AnswerGrace
	}
	return min(max(graceAnswers*slowest, leastGrace), AnswerGrace)
}

// complete reports whether the live peers leave no doubt: at least one has
// caught up, and each other has caught up, failed, or been silent for the grace since it
// was asked.
func (s *peerTips) complete(now time.Time) bool {
	if s.fetchingTail {
		return false
	}
	anyCaughtUp, grace := false, s.grace()
	for _, w := range s.peers {
		switch w.answer {
		case caughtUp:
			anyCaughtUp = true
		case unasked, asking:
			if w.answer == unasked && w.failures == 0 && !w.resumed || now.Sub(w.since) < grace {
				return false
			}
		}
	}
	return anyCaughtUp
}

// shown reports whether any live peer has caught up since it connected. An answer
// that is asked for again does not count less while it is.
func (s *peerTips) shown() bool {
	for _, w := range s.peers {
		if w.shown {
			return true
		}
	}
	return false
}

// failing returns how many of the live peers failed to answer when last asked.
func (s *peerTips) failing() int {
	n := 0
	for _, w := range s.peers {
		if w.answer == failed {
			n++
		}
	}
	return n
}

// best returns the greatest height that more than half of the live peers
// claim, and how many claim it or more. One liar among several moves neither.
func (s *peerTips) best() (consensus.Height, int) {
	if len(s.peers) == 0 {
		return 0, 0
	}
	claims := make([]consensus.Height, 0, len(s.peers))
	for _, w := range s.peers {
		claims = append(claims, w.claimed)
	}
	slices.Sort(claims)
	best := claims[(len(claims)-1)/2]
	n := 0
	for _, c := range claims {
		if c >= best {
			n++
		}
	}
	return best, n
}

// withoutSendHeaders returns the peers that have not been asked to announce by headers.
func (s *peerTips) withoutSendHeaders() []p2p.PeerID {
	var ids []p2p.PeerID
	for id, w := range s.peers {
		if !w.sentSendHeaders {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
