package filtersync

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Proving returns the number of jobs that prove late replies.
func (s *Sync) Proving() int { return s.proving }

// ProveLate starts a job that proves the payload of a cfiltersv2 message with the filters of the
// main chain from one block to another, which arrived late, and accuses the peer if that proves
// it wrong. Early filters are compared with those on disk once these are proven; before that they
// are recorded as served. The error is that of the store.
func (s *Sync) ProveLate(id p2p.PeerID, start, end chainhash.Hash, payload []byte) error {
	targets, err := s.store.FilterTargetsOf(start, end)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	early := s.early.covers(targets[0].Height)
	s.proving++
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		batch, err := s.deps.prove(id, targets, payload)
		if err == nil && early {
			err = s.compareEarly(targets, batch)
		}
		s.accuseOfLate(id, err)
		return func() error {
			s.proving--
			if err == nil && early && !s.store.Staged().EarlyProven {
				s.early.ledger.noteLate(id, batch)
			}
			return nil
		}
	})
	return nil
}

// compareEarly compares early filters with those on disk. It returns nil if they are the
// same, or if those on disk are not proven or not of the same blocks.
func (s *Sync) compareEarly(targets []consensus.FilterTarget, b *consensus.FilterBatch) error {
	for i, t := range targets {
		if t.Height >= s.deps.Params.DCP0005 || !s.store.State().EarlyProven {
			return nil
		}
		right, err := s.store.Filter(t.Height)
		if err != nil || bytes.Equal(right, b.Filter(i)) {
			continue
		}
		if hash, err := s.store.Hash(t.Height); err == nil && hash == t.Hash && s.store.State().EarlyProven {
			return fmt.Errorf("the filter of block %d is not the one that is proven", t.Height)
		}
	}
	return nil
}

// accuseOfLate accuses a peer of what is wrong with its late reply, if that is not nil. Any
// goroutine may call it: the end of a phase drops no proof.
func (s *Sync) accuseOfLate(id p2p.PeerID, wrong error) {
	var broken *consensus.RuleError
	if s.deps.Defects.Report(wrong) {
		return
	}
	if wrong == nil || errors.As(wrong, &broken) && !broken.Rule.Proven() {
		return
	}
	s.deps.Log.Debug("Late filters are wrong", "peer", id, "err", wrong)
	s.deps.Peers.Accuse(id, wrong)
}
