package headersync

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Peers is the network as a Sync needs it; see spv.Peers.
type Peers interface {
	Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) (
		payload []byte, from p2p.PeerID, err error)
	HeadersFrom(ctx context.Context, id p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) (
		payload []byte, err error)
	SendHeaders(ctx context.Context, id p2p.PeerID) error

	Live() iter.Seq2[p2p.PeerID, uint32]
	Dialling() bool
	Host(id p2p.PeerID) string
	Group(id p2p.PeerID) string
	Trip(id p2p.PeerID) time.Duration
	TakeAnnouncements() iter.Seq[p2p.Announcement]

	Accuse(id p2p.PeerID, evidence error)
	Acquit(id p2p.PeerID)
	Useless(id p2p.PeerID, what error)
	Credit(id p2p.PeerID, height uint32)
}

// Deps are what a Sync needs.
type Deps struct {
	Params  *consensus.Params
	Peers   Peers
	Jobs    *jobs.Group
	Defects *defect.Reporter
	Now     func() time.Time // the clock that block times are compared with
	Log     *slog.Logger

	// AnswerAge is how long the answer of a peer counts: LowAnswerAge, or AnswerAge if it is zero.
	AnswerAge time.Duration
}

// Sync fetches the headers of one run.
type Sync struct {
	deps  Deps
	store *chain.Chain

	tips   *peerTips // what the live peers have shown
	live   []p2p.PeerID
	judge  *judge                  // which of them have sent headers that break a rule
	reorgs []*chain.Reorganisation // not taken by Changes yet

	// Of the current phase:
	ranges    *headerPlan // the headers below the newest waypoint
	tail      tailFetch   // those after it
	announced map[p2p.PeerID]*announcements
	proving   int // jobs that prove late replies
}

// Changes is what has happened to the chain, oldest first.
type Changes struct {
	Reorgs []*chain.Reorganisation
	Future []consensus.Height // of blocks whose times are too far ahead of our clock
}

// New returns a sync without a store.
func New(deps Deps) *Sync {
	if deps.AnswerAge == 0 {
		deps.AnswerAge = AnswerAge
	}
	return &Sync{deps: deps, tips: newPeerTips(deps.AnswerAge), judge: newJudge(deps), ranges: new(headerPlan)}
}

// Begin begins a phase on a store: all jobs have ended, and what they did is done again.
func (s *Sync) Begin(store *chain.Chain) {
	s.store, s.announced, s.proving = store, make(map[p2p.PeerID]*announcements), 0
	s.ranges = newHeaderPlan(store.Staged().Tip, s.deps.Params.Waypoints, FullBatch)
	s.tail.restart(false, time.Now())
	s.tips.restart()
}

// End ends a phase. Peers whose announcements are not on the chain yet are asked again.
func (s *Sync) End() { s.reaskAnnounced() }

// Restart has all peers asked again for their headers, because the main chain was cut back.
func (s *Sync) Restart(now time.Time) {
	s.tail.restart(false, now)
	for _, id := range s.tips.live() {
		s.tips.reopen(id, now)
	}
}

// Reset drops all peers, because the run has ended.
func (s *Sync) Reset() { s.tips, s.live = newPeerTips(s.deps.AnswerAge), nil }

// Roster takes over which peers are live, and reports whether that has changed.
func (s *Sync) Roster(now time.Time) (changed bool) {
	dialling := s.deps.Peers.Dialling() // before Live: a dial ends when its peer is live
	gone, changed := s.tips.update(s.deps.Peers.Live(), now)
	s.tips.connected(dialling, now)
	for _, id := range gone {
		s.store.Forget(uint64(id))
		s.judge.refusals.forget(id)
		delete(s.announced, id)
	}
	if !changed {
		return false
	}
	s.live = s.tips.live()
	for id, w := range s.tips.peers {
		if w.host == "" {
			s.tips.setHost(id, s.deps.Peers.Host(id), s.deps.Peers.Trip(id), now)
		}
	}
	s.tips.await(s.store.Staged().Tip.Height, now)
	return true
}

// Listen takes what peers have announced, and starts the jobs that prepare it. The error is that
// of the store.
func (s *Sync) Listen(now time.Time) (err error) {
	s.tips.age(now)
	for a := range s.deps.Peers.TakeAnnouncements() {
		switch {
		case err != nil || s.tips.peers[a.From] == nil: // the peer is gone
		case a.Headers != nil:
			s.announcedHeaders(a.From, a.Headers)
		default:
			err = s.announcedBlocks(a.From, a.Blocks, now)
		}
	}
	s.prepareAnnounced()
	s.tips.await(s.store.Staged().Tip.Height, now)
	return err
}

// Fetch requests the headers that are due: during the tail fetch, all ranges between waypoints,
// with room for so many batches behind the range in front, and then one long run of one peer at a
// time; beside that and after it each peer is asked for what it has beyond. The error is that of
// the store.
func (s *Sync) Fetch(room int, now time.Time) error {
	if s.tips.fetchingTail {
		if err := s.fetchTail(room, now); err != nil {
			return err
		}
	}
	for _, id := range s.tips.due(now) {
		s.tips.ask(id, now)
		if err := s.ask(id); err != nil {
			return err
		}
	}
	return nil
}

// Ready reports whether the headers that are next in the order of the chain are verified.
func (s *Sync) Ready() bool {
	_, ok := s.ranges.peek()
	return ok || s.tail.holds()
}

// Apply puts these headers on the chain, where they are staged.
func (s *Sync) Apply() error {
	if b, ok := s.ranges.peek(); ok {
		return s.applyRange(b)
	}
	return s.applyTail()
}

// Changes removes and returns what has happened to the chain since the last call.
func (s *Sync) Changes() Changes {
	c := Changes{Reorgs: s.reorgs, Future: s.judge.future}
	s.reorgs, s.judge.future = nil, nil
	return c
}

// Subscribe sends sendheaders to the peers that were not sent it yet. Each is then asked once
// more for headers, because what it announced until then may have been missed.
func (s *Sync) Subscribe() {
	for _, id := range s.tips.withoutSendHeaders() {
		w := s.tips.peers[id]
		w.sentSendHeaders = true
		s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
			err := s.deps.Peers.SendHeaders(ctx, id)
			return func() error {
				if err != nil {
					w.sentSendHeaders = false
					return nil
				}
				s.tips.reopen(id, time.Now())
				return nil
			}
		})
	}
}

// Live returns the live peers, in the order in which they connected. The list is shared: it is
// replaced when it changes.
func (s *Sync) Live() []p2p.PeerID { return s.live }

// FetchingTail reports whether long runs of headers are fetched: the end of the chain is not
// known yet.
func (s *Sync) FetchingTail() bool { return s.tips.fetchingTail }

// FetchingRanges reports whether headers below the newest waypoint are fetched, which are held in
// memory until those before them have arrived.
func (s *Sync) FetchingRanges() bool { return !s.ranges.done() }

// Complete reports whether the headers are at a tip that no live peer has more than.
func (s *Sync) Complete(now time.Time) bool { return s.tips.complete(now) && s.tail.idle() }
