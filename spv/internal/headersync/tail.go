package headersync

import (
	"context"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Facts of a headers message (wire: MaxBlockHeadersPerMsg), and bounds of the
// tail fetch.
const (
	FullBatch    = 2000                     // headers in a message that says: there may be more
	HeaderStride = consensus.HeaderSize + 1 // a header and its transaction count, which is zero
	tailDepth    = 4                        // batches fetched ahead of the last one applied

	tailPause    = 200 * time.Millisecond // before the first retry; doubled each time
	maxTailPause = 5 * time.Second
	TailPatience = 3 * time.Second   // for one reply, if another peer can be asked,
	slowPatience = 10 * TailPatience // and at most where replies take long
	tailCopies   = 2                 // requests for the same batch
)

// tailFetch is the run of getheaders requests, one at a time, that carries the
// first sync. It begins at the tip of the main chain, and each batch continues the one
// before. The next batch is requested as soon as one has arrived, while that
// one is still being verified; batches are applied in the order of the chain. A batch
// that takes long is requested once more, and the first reply counts.
//
// A reply that does not continue the tail fetch says nothing about it: its sender is on
// another branch, is behind, or ignores the locator. It is handled as the peer's own
// answer, see asking.go, and the batch is requested from another peer.
type tailFetch struct {
	id       int              // of this fetch; what belongs to an older one is dropped
	asking   int              // requests for the next batch that are on their way
	fetched  int              // batches that have arrived
	applied  int              // batches that were applied
	ready    map[int]prepared // verified batches by number
	locator  []chainhash.Hash // the last header fetched; empty: the next request starts at the tip
	ended    bool             // the last batch was not full
	guide    p2p.PeerID       // the peer to ask first: its chain goes on after the tip; zero for any
	apart    []p2p.PeerID     // the peers whose replies did not continue the tail fetch
	failures int              // in a row
	since    time.Time        // when the next batch was first asked for
	least    time.Duration    // that any batch took; zero before the first
	pause    time.Time        // no request before
}

// prepared is a batch of headers after the checks that need no context.
type prepared struct {
	batch *consensus.HeaderBatch
	from  p2p.PeerID
	err   error
	late  bool // the request was answered by another peer, or given up
}

// idle reports whether nothing is on its way or waits to be applied.
func (w *tailFetch) idle() bool { return w.asking == 0 && w.fetched == w.applied }

// holds reports whether the batch that is next in order is ready.
func (w *tailFetch) holds() bool {
	_, ok := w.ready[w.applied]
	return ok
}

// mayFetch reports whether the next request may be made, if so many peers could be
// asked. Where batches take long, as on a slow line, they are not asked for twice.
func (w *tailFetch) mayFetch(peers int, now time.Time) bool {
	switch {
	case w.ended || w.fetched-w.applied >= tailDepth || now.Before(w.pause):
		return false
	case w.asking == 0:
		return peers > 0
	}
	return peers > 1 && w.asking < tailCopies && now.Sub(w.since) >= patienceFor(w.least)
}

// patienceFor returns how long a reply may take where an earlier one took so long:
// more on a slow line, on which asking others would only make it slower.
func patienceFor(took time.Duration) time.Duration {
	return min(max(TailPatience, 2*took), slowPatience)
}

// ask records a request for the next batch.
func (w *tailFetch) ask(now time.Time) {
	if w.asking == 0 {
		w.since = now
	}
	w.asking++
}

// arrived records that the next batch has arrived, and returns its number.
func (w *tailFetch) arrived(payload []byte, now time.Time) int {
	w.asking = 0
	if took := now.Sub(w.since); took < w.least || w.least == 0 {
		w.least = took
	}
	if n := len(payload) / HeaderStride; n < FullBatch {
		w.ended = true
	} else {
		last := consensus.Header(payload[len(payload)-HeaderStride : len(payload)-1])
		w.locator = []chainhash.Hash{last.Hash()}
	}
	w.fetched++
	return w.fetched - 1
}

// restart abandons the tail fetch: the next request starts at the chain's tip. After
// failures it waits a little longer each time.
func (w *tailFetch) restart(failed bool, now time.Time) {
	next := tailFetch{id: w.id + 1, least: w.least, ready: make(map[int]prepared)}
	if failed {
		next.failures = w.failures + 1
		next.pause = now.Add(min(tailPause<<min(next.failures, 10), maxTailPause))
	}
	*w = next
}

// fetchTail makes the next requests of the plan, or that of the tail fetch. It is
// over when no peer is left that could continue it.
func (s *Sync) fetchTail(room int, now time.Time) error {
	peers := s.tips.tailPeers()
	if len(peers) > 0 && !s.ranges.done() {
		s.fetchRanges(room, now)
		return nil
	}
	onward := slices.DeleteFunc(peers, func(id p2p.PeerID) bool { return slices.Contains(s.tail.apart, id) })
	switch {
	case s.tail.mayFetch(len(onward), now):
		return s.requestTail(now)
	case len(onward) == 0 && (s.tips.shown() || len(peers) > 0) && s.tail.idle() && s.ranges.idle():
		s.tips.fetchingTail = false
		s.tail.restart(false, now)
	}
	return nil
}

// requestTail requests the next batch of the tail fetch from the best peer: from the guide, if
// there is one and it does not take long. The error is that of the store.
func (s *Sync) requestTail(now time.Time) error {
	locator, err := s.store.Locator()
	if err != nil {
		return err
	}
	locator = slices.Concat(s.tail.locator, locator)
	avoid, fetch, number := slices.Concat(s.tips.exhausted(), s.tips.later(), s.tail.apart), s.tail.id, s.tail.fetched
	if guide := s.tail.guide; s.tail.asking == 0 && s.tips.isTailPeer(guide) {
		avoid = slices.DeleteFunc(s.tips.live(), func(id p2p.PeerID) bool { return id == guide })
	}
	s.tail.ask(now)
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		payload, from, err := s.deps.Peers.Headers(ctx, avoid, locator, chainhash.Hash{})
		return func() error {
			if err == nil && continues(locator[0], payload) {
				s.tips.heard(from)
			}
			if fetch == s.tail.id && number == s.tail.fetched {
				s.receivedTail(locator, payload, from, err)
			} else if err == nil {
				s.ProveLate(from, locator, payload)
			}
			return nil
		}
	})
	return nil
}

// receivedTail records the first reply to a request for the next batch of the tail fetch, or one of
// its failures: the next one may start while this one is prepared.
func (s *Sync) receivedTail(locator []chainhash.Hash, payload []byte, from p2p.PeerID, err error) {
	if err != nil {
		s.deps.Log.Debug("No headers", "peer", from, "err", err)
		s.tips.setAnswer(from, failed, time.Now())
		if s.tail.asking--; s.tail.asking == 0 {
			s.tail.restart(true, time.Now())
		}
		return
	}
	if !continues(locator[0], payload) {
		s.tail.asking--
		s.tail.apart = append(s.tail.apart, from)
		s.prepareAnswer(from, locator, payload)
		return
	}
	fetch, number := s.tail.id, s.tail.arrived(payload, time.Now())
	s.tips.replied(from, s.tail.least)
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		batch, err := s.prepare(from, payload)
		return func() error {
			if fetch != s.tail.id {
				return nil
			}
			s.tail.ready[number] = prepared{batch: batch, from: from, err: err}
			return nil
		}
	})
}

// continues reports whether the first header of a payload, if there is one, is the child
// of a block.
func continues(block chainhash.Hash, payload []byte) bool {
	n := len(payload) / HeaderStride
	if n == 0 {
		return true
	}
	first := consensus.Header(payload[len(payload)-n*HeaderStride:][:consensus.HeaderSize])
	return first.PrevBlock() == block
}

// applyTail puts the batch that is next in order, if it is ready, on the chain.
func (s *Sync) applyTail() error {
	b := s.tail.ready[s.tail.applied]
	delete(s.tail.ready, s.tail.applied)
	s.tail.applied++
	s.tail.failures = 0
	ext, err := s.extend(b, true)
	if err != nil {
		return err
	}
	now := time.Now()
	if ext == nil { // refused
		s.tail.restart(true, now)
		return nil
	}
	s.tips.progressed(b.from, now)
	if len(b.batch.Headers) < FullBatch {
		s.tips.setAnswer(b.from, caughtUp, now)
		s.tips.fetchingTail = false
		s.tail.restart(false, now)
	}
	return nil
}
