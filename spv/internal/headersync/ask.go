package headersync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Bounds of what one peer may send without any gain. Each further message of a peer that passes
// one of them raises its ban score, which costs the connection in the end, and the peer never
// counts as one that has shown all.
const (
	// MaxEmptyBatches is the number of full messages in a row that bring nothing new.
	// An honest peer needs four at most, as its second one begins within
	// chain.LocatorAbove's distance of the fork.
	MaxEmptyBatches = 8

	// maxSide is how many headers a peer's branch may have, besides twice those
	// of our chain, without having more work.
	maxSide = 50_000
)

// ask requests from one peer the headers that its chain has beyond ours.
func (s *Sync) ask(id p2p.PeerID) error {
	locator, err := s.locatorFor(id)
	if err != nil {
		return err
	}
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		began := time.Now()
		payload, err := s.deps.Peers.HeadersFrom(ctx, id, locator, chainhash.Hash{})
		took := time.Since(began)
		var b prepared
		if err == nil {
			b = s.checkAnswer(id, locator, payload)
		}
		return func() error {
			if err != nil {
				s.deps.Log.Debug("No answer to getheaders", "peer", id, "err", err)
				s.tips.setAnswer(id, failed, time.Now())
				return nil
			}
			s.tips.replied(id, took)
			return s.answered(b)
		}
	})
	return nil
}

// locatorFor returns the locator of the next request to a peer. After a full message it
// continues from the last header of that message: on a side branch from just that header,
// on the main chain from it or any newer block that the peer may have. A peer that has
// caught up is asked again and again whether it has more: so briefly.
func (s *Sync) locatorFor(id p2p.PeerID) ([]chainhash.Hash, error) {
	w := s.tips.peers[id]
	next := w.next
	if next == (consensus.BlockID{}) {
		if w.shown {
			return s.store.ShortLocator()
		}
		return s.store.Locator()
	}
	main, err := s.store.OnMain(next)
	switch {
	case err != nil:
		return nil, err
	case main:
		return s.store.LocatorAbove(next.Height)
	case s.store.OnSide(next):
		locator, err := s.store.Locator()
		return slices.Concat([]chainhash.Hash{next.Hash}, locator), err
	}
	return s.store.Locator() // there was no room to keep it
}

// prepareAnswer starts a job that handles a reply to a request of the tail fetch as the headers
// that its sender has beyond our chain.
func (s *Sync) prepareAnswer(id p2p.PeerID, locator []chainhash.Hash, payload []byte) {
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		b := s.checkAnswer(id, locator, payload)
		return func() error { return s.answered(b) }
	})
}

// checkAnswer makes the checks of a reply that need no context.
func (s *Sync) checkAnswer(id p2p.PeerID, locator []chainhash.Hash, payload []byte) prepared {
	batch, err := s.prepare(id, payload)
	if err == nil && goesBack(locator, batch) {
		err = ErrGoesBack
	}
	return prepared{batch: batch, from: id, err: err}
}

// prepare makes the checks of a headers message that need no context.
func (s *Sync) prepare(from p2p.PeerID, payload []byte) (*consensus.HeaderBatch, error) {
	return defect.Contain(from, func() (*consensus.HeaderBatch, error) { return consensus.PrepareHeaders(s.deps.Params, payload) })
}

// ErrGoesBack is the error for a reply that would lead in a circle.
var ErrGoesBack = errors.New("headers go back behind what they were asked after")

// goesBack reports whether a reply contains a block that its request named as known.
// A node sends what follows the first block of a locator that it has, and it has what
// it sends: so it has ignored the locator, and would do so forever.
func goesBack(locator []chainhash.Hash, b *consensus.HeaderBatch) bool {
	if len(b.Headers) == 0 || len(locator) == 0 || b.Headers[0].PrevBlock() == locator[0] {
		return false
	}
	sent := make(map[chainhash.Hash]bool, len(b.Hashes))
	for _, hash := range b.Hashes {
		sent[hash] = true
	}
	return slices.ContainsFunc(locator, func(hash chainhash.Hash) bool { return sent[hash] })
}

// answered puts the reply of a peer on the chain and decides how its chain goes on. A
// peer has shown all once a message is not full, whatever a full one holds. After a full
// one that extends the main chain the tail fetch fetches the rest. After any other one the
// same peer is asked for what follows, whatever other peers do meanwhile.
func (s *Sync) answered(b prepared) error {
	ext, err := s.extend(b, true)
	if err != nil || ext == nil { // refused
		return err
	}
	now := time.Now()
	if ext.Added+ext.Side > 0 {
		s.tips.progressed(b.from, now)
	}
	s.tips.brought(b.from, ext.Added+ext.Side > 0)
	full := len(b.batch.Headers) >= FullBatch
	switch w := s.tips.peers[b.from]; {
	case w == nil: // it is gone
	case s.takenBack(b, ext):
		s.tips.setAnswer(b.from, unasked, now)
	case !full:
		s.tips.setAnswer(b.from, caughtUp, now)
	case w.more(b.batch, ext, s.store.Staged().Tip.Height):
		s.tips.setAnswer(b.from, unasked, now)
	default:
		s.judge.useless(b.from, fmt.Errorf("%d messages in a row of known headers, %d headers of a branch with less work", w.emptyBatches, w.side))
		s.tips.setAnswer(b.from, failed, now)
	}
	if s.takenBack(b, ext) || full && ext.Added > 0 && !s.tips.fetchingTail {
		s.fetchTailFrom(b.from, now)
	}
	return nil
}

// takenBack reports whether the chain was taken back to the fork with a branch that was
// too long to keep: its headers have to be fetched again.
func (s *Sync) takenBack(b prepared, ext *chain.Extension) bool {
	return ext.Reorg != nil && b.batch.Hashes[len(b.batch.Hashes)-1] != s.store.Staged().Tip.Hash
}

// fetchTailFrom makes the tail fetch begin at the tip, with a peer as its guide.
func (s *Sync) fetchTailFrom(id p2p.PeerID, now time.Time) {
	s.tips.fetchingTail = true
	s.tail.restart(false, now)
	s.tail.guide = id
}
