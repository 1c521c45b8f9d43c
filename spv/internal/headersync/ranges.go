package headersync

import (
	"context"
	"errors"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// fetchRanges makes the requests of the header plan that are due. A plan that no
// peer can fill is given up: the tail fetch takes over at the tip.
func (s *Sync) fetchRanges(room int, now time.Time) {
	peers := s.tips.tailPeers()
	s.ranges.room = room
	for {
		a, ok := s.ranges.take(peers, now)
		if !ok {
			break
		}
		s.requestRange(a)
	}
	if s.ranges.stuck(s.tips.live()) {
		s.deps.Log.Debug("No peer fills the headers between waypoints", "from", s.store.Staged().Tip.Height)
		s.ranges = newHeaderPlan(s.store.Staged().Tip, nil, FullBatch)
		s.tail.restart(false, now)
	}
}

// requestRange makes one request. While its reply is verified, the next one of the
// same range may be on its way.
func (s *Sync) requestRange(a headerAsk) {
	plan, locator := s.ranges, []chainhash.Hash{a.after}
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		from := a.peer
		var payload []byte
		var err error
		if from != 0 {
			payload, err = s.deps.Peers.HeadersFrom(ctx, from, locator, a.stop)
		} else {
			payload, from, err = s.deps.Peers.Headers(ctx, a.avoid, locator, a.stop)
		}
		return func() error {
			switch {
			case plan == s.ranges:
				s.rangeReplied(a, payload, from, err)
			case err == nil:
				s.ProveLate(from, locator, payload)
			}
			return nil
		}
	})
}

// rangeReplied records the reply to a request of the plan, and has it verified.
func (s *Sync) rangeReplied(a headerAsk, payload []byte, from p2p.PeerID, err error) {
	if err != nil {
		s.deps.Log.Debug("No headers", "peer", from, "err", err)
		s.tips.setAnswer(from, failed, time.Now())
		s.ranges.failed(a, from)
		return
	}
	number, err := s.ranges.arrived(a, from, payload, time.Now())
	if err != nil {
		s.deps.Log.Debug("Headers of no use", "peer", from, "after", a.after, "err", err)
		if errors.Is(err, ErrOutdated) {
			s.ProveLate(from, []chainhash.Hash{a.after}, payload)
		}
		return
	}
	plan := s.ranges
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		batch, err := s.prepare(from, payload)
		return func() error {
			if plan != s.ranges {
				return nil
			}
			s.ranges.verified(a, number, prepared{batch: batch, from: from, err: err})
			return nil
		}
	})
}

// applyRange puts a batch, which is the next one of the plan, on the chain.
func (s *Sync) applyRange(b prepared) error {
	ext, err := s.extend(b, true)
	switch {
	case err != nil:
		return err
	case ext == nil: // refused
		s.ranges.refuse()
	case s.ranges.accept():
		now := time.Now()
		s.tips.setAnswer(b.from, caughtUp, now)
		s.tips.fetchingTail = false
		s.tail.restart(false, now)
	}
	return nil
}
