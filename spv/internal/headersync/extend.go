package headersync

import (
	"errors"
	"time"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// extend puts a batch on the chain. It returns nil without an error when the
// batch was refused: then its sender has failed in the tips of peers, and has been
// accused if what it sent is proven wrong. Headers that do not connect are no
// fault of an announcement: its sender is asked for those between.
func (s *Sync) extend(b prepared, asked bool) (*chain.Extension, error) {
	now := time.Now()
	if s.deps.Defects.Report(b.err) {
		s.tips.refused(b.from, false, now)
		return nil, nil
	}
	var ext chain.Extension
	err := b.err
	var broken *consensus.RuleError
	if err == nil || errors.As(err, &broken) && b.batch != nil && len(b.batch.Headers) > 0 {
		var refused error // also if one of the headers after these broke a rule
		ext, refused = defect.Contain(b.from, func() (chain.Extension, error) {
			return s.store.Extend(b.batch, uint64(s.tips.source(b.from)), s.deps.Now())
		})
		var failed *defect.Error
		if errors.As(refused, &failed) { // the store may be halfway
			return nil, refused
		}
		if err == nil || refused != nil && !errors.Is(refused, chain.ErrOrphan) {
			err = refused
		}
	}
	staged := s.store.Staged()
	s.judge.endDispute(&staged.Work)
	if ext.Reorg != nil { // also if a later header of the batch is refused
		s.reorgs = append(s.reorgs, ext.Reorg)
		s.tail.restart(false, now) // what it has fetched does not continue this chain
	}
	switch {
	case errors.Is(err, chain.ErrOrphan), errors.Is(err, ErrGoesBack):
		s.deps.Log.Debug("Headers lead nowhere", "peer", b.from, "err", err)
		switch {
		case b.late && errors.Is(err, ErrGoesBack):
			s.judge.useless(b.from, err)
		case b.late: // what they follow may have been given up with the request
		case !asked:
			s.tips.reopen(b.from, now)
		case errors.Is(err, ErrGoesBack):
			s.judge.useless(b.from, err)
			fallthrough
		default:
			s.tips.refused(b.from, false, now)
		}
		return nil, nil
	case errors.As(err, &broken):
		s.tips.refused(b.from, true, now)
		s.judge.refuse(b.from, s.tips.host(b.from), broken, &staged, &ext.Reached)
		return nil, nil
	case errors.Is(err, consensus.ErrOutOfReach):
		// It says nothing about the headers. A long side branch may need an ancestor
		// that was not kept.
		s.deps.Log.Warn("Headers cannot be checked", "peer", b.from, "err", err)
		s.tips.setAnswer(b.from, failed, now)
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.judge.accepted(b.from, staged.Tip.Height)
	if n := len(b.batch.Hashes); n > 0 && b.batch.Hashes[n-1] == staged.Tip.Hash {
		s.deps.Peers.Credit(b.from, uint32(staged.Tip.Height))
	}
	return &ext, nil
}
