package headersync

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/chain"
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

// answer is what a peer last said about its chain.
type answer uint8

const (
	unasked  answer = iota
	asking          // a request is on its way
	caughtUp        // it has shown all it has, and that is no more work than ours
	failed          // it did not answer
)

// peerTip is the tip of one live peer, and how it got there.
type peerTip struct {
	failures int // answers that were none, in all
	answer   answer
	host     string // the machine behind the peer, as far as its address tells
	joined   time.Time
	progress time.Time     // when it last sent new headers that were asked for
	slowest  time.Duration // of its replies to requests for headers
	since    time.Time     // of the answer
	claimed  consensus.Height
	heard    bool          // it has sent headers that were asked for
	shown    bool          // it has caught up at least once on this connection
	broken   bool          // it has sent headers that break a rule since it last caught up
	resumed  bool          // the request on its way was forgotten by a restart
	again    bool          // it is to be asked once more after the request on its way
	told     bool          // sendheaders is on its way or sent
	beside   bool          // it has connected while the status was synced
	trip     time.Duration // a round trip, as its handshake took it; zero if not known

	// next is the last header of a full message: what the peer has goes on after it.
	// It is zero at first and when the peer has shown all. emptyBatches is the number of
	// such messages in a row that brought nothing new, side the number of headers
	// that did not join the main chain since the peer last had shown all.
	next               consensus.BlockID
	emptyBatches, side int

	// hollow is the number of answers in a row that brought nothing although the peer had
	// announced an unknown block by its hash; byHash says that the next one is such an answer.
	hollow int
	byHash bool

	// top is the greatest height that the peer has announced, idle the number of
	// headers it has announced without any gain, less what was forgiven until idleAt.
	top    consensus.Height
	idle   float64
	idleAt time.Time
}

// more records a full message after which a peer is to be asked for what follows, with
// what it changed. It reports false if the peer has sent too much without any gain: so
// much that no honest one has to, on a chain of the given height.
func (w *peerTip) more(b *consensus.HeaderBatch, ext *chain.Extension, tip consensus.Height) bool {
	last := len(b.Headers) - 1
	w.next = consensus.BlockID{Height: b.Headers[last].Height(), Hash: b.Hashes[last]}
	if w.emptyBatches++; ext.Added+ext.Side > 0 {
		w.emptyBatches = 0
	}
	if w.side += ext.Side; ext.Added > 0 {
		w.side = 0
	}
	return w.emptyBatches <= MaxEmptyBatches && w.side <= 2*int(tip)+maxSide
}

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

// named records the machine behind a peer, and how long a round trip to it takes. Requests that
// peers of the same host failed to answer on earlier connections count as if they had been on
// this one.
func (s *peerTips) named(id p2p.PeerID, host string, trip time.Duration, now time.Time) {
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
			w = &peerTip{since: now, joined: now, beside: s.synced}
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

// say records what happened with a peer. Peers that are gone are ignored.
func (s *peerTips) say(id p2p.PeerID, a answer, now time.Time) {
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

// host returns the machine behind a peer; empty if the peer is gone.
func (s *peerTips) host(id p2p.PeerID) string {
	if w := s.peers[id]; w != nil {
		return w.host
	}
	return ""
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

// Bounds of announcements without any gain: orphans, headers that are known, and
// branches that neither have more work nor are longer than what the peer announced
// before. Honest peers announce some: of a block that others were faster to announce,
// of a branch that loses, and all new blocks while ours is far behind.
const (
	// MaxIdle is how many headers without gain are forgiven: as many as a message
	// holds.
	MaxIdle = FullBatch

	// idleForgiven is how many are forgiven per second.
	idleForgiven = 2
)

// charge records that a peer has announced headers without any gain. It reports false
// if it has done so too often.
func (s *peerTips) charge(id p2p.PeerID, headers int, now time.Time) bool {
	w := s.peers[id]
	if w == nil {
		return true
	}
	w.idle = max(0, w.idle-idleForgiven*now.Sub(w.idleAt).Seconds()) + float64(headers)
	w.idleAt = now
	return w.idle <= MaxIdle
}

// announced records what headers that a peer announced have changed, nil if they were
// refused, on a chain with a tip of the given height. It reports false if the peer has
// announced too much without any gain.
func (s *peerTips) announced(b prepared, ext *chain.Extension, tip consensus.Height, now time.Time) bool {
	w := s.peers[b.from]
	if w == nil || b.batch == nil || len(b.batch.Headers) == 0 {
		return true
	}
	last := b.batch.Headers[len(b.batch.Headers)-1].Height()
	switch {
	case ext == nil:
	case ext.Added > 0:
		w.top, w.idle = last, 0
		return true
	case last > w.top && last > tip-FullBatch:
		w.top = last
		return true
	}
	return s.charge(b.from, len(b.batch.Headers), now)
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

// replied records how long a peer took to reply to a request for headers.
func (s *peerTips) replied(id p2p.PeerID, took time.Duration) {
	if w := s.peers[id]; w != nil {
		w.slowest = max(w.slowest, took)
	}
}

// refused records that what a peer has sent leads nowhere, or breaks a rule: it has
// failed, and is asked from our tip on when it is asked again.
func (s *peerTips) refused(id p2p.PeerID, broken bool, now time.Time) {
	s.say(id, failed, now)
	if w := s.peers[id]; w != nil {
		w.next, w.broken = consensus.BlockID{}, w.broken || broken
	}
}

// A peer that maxHollow times in a row announced unknown blocks by their hashes and then had
// none is asked because of such an announcement once in hollowPause.
const (
	maxHollow   = 8
	hollowPause = 5 * time.Second
)

// trusts reports whether a peer is to be asked because it announces an unknown block by its
// hash. What is not asked for then is asked for when its answer has become old.
func (s *peerTips) trusts(id p2p.PeerID, now time.Time) bool {
	w := s.peers[id]
	return w != nil && (w.hollow < maxHollow || now.Sub(w.since) >= hollowPause)
}

// brought records whether an answer of a peer has brought headers.
func (s *peerTips) brought(id p2p.PeerID, gain bool) {
	w := s.peers[id]
	switch {
	case w == nil:
	case gain:
		w.hollow = 0
	case w.byHash:
		w.hollow++
	}
	if w != nil {
		w.byHash = false
	}
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

// mute returns how many of the live peers failed to answer when last asked.
func (s *peerTips) mute() int {
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

// untold returns the peers that have not been asked to announce by headers.
func (s *peerTips) untold() []p2p.PeerID {
	var ids []p2p.PeerID
	for id, w := range s.peers {
		if !w.told {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
