package rescan

import (
	"context"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
)

// match matches the filters of the blocks from one height to another. At any time only as many
// jobs do so as there are processors, so that other jobs need not wait long for one. It returns
// the last block, and the blocks that match. A filter that cannot be decoded says
// nothing about its block, so the block counts as one that matches. The error is
// chain.ErrStale or chain.ErrNotFound when blocks have left the chain.
func (s *Scan) match(ctx context.Context, m *match.Matcher, set *match.Set, first, last consensus.Height) (
	end consensus.BlockID, found []hit, err error,
) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return end, nil, context.Cause(ctx)
	}
	err = s.store.Scan(first, last, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		matches, err := matches(m, h, filter, set)
		if err != nil && !s.deps.Defects.Report(err) {
			s.deps.Log.Warn("A filter cannot be used, the block is looked at instead", "height", id.Height, "err", err)
		}
		if matches || err != nil {
			found = append(found, hit{id, *h})
		}
		end = id
		return nil
	})
	return end, found, err
}

// matches reports whether a filter matches scripts. A panic is a *defect.Error.
func matches(m *match.Matcher, h *consensus.Header, filter []byte, set *match.Set) (found bool, err error) {
	return defect.Contain(0, func() (bool, error) { return m.Any(h.FilterKey(), filter, set) })
}

// compiled returns the update from a locator, which is to start at a base, up to a
// height, with the blocks that were fetched, in the memory of an earlier update. The
// chain must go through the ends of what was matched: ErrStale otherwise.
func (s *Scan) compiled(
	memory []chain.Block, locator []consensus.BlockID, base consensus.BlockID, last consensus.Height,
	ends []consensus.BlockID, blocks []*held,
) (chain.Update, error) {
	far := last
	if len(ends) > 0 {
		far = ends[len(ends)-1].Height
	}
	u, err := s.store.SinceIn(memory, locator, int(far-base.Height))
	if err != nil {
		return u, err
	}
	at := func(h consensus.Height) *chain.Block {
		if i := int(h - base.Height - 1); i < len(u.Applied) {
			return &u.Applied[i]
		}
		return new(chain.Block)
	}
	if forkOf(locator, &u) != base || last > base.Height && at(last).Height != last {
		return u, chain.ErrStale
	}
	for _, end := range ends {
		if at(end.Height).BlockID != end {
			return u, chain.ErrStale
		}
	}
	for _, b := range blocks {
		if at(b.Height).BlockID != b.BlockID {
			return u, chain.ErrStale
		}
		at(b.Height).Msg = b.msg
	}
	u.Applied, u.More = u.Applied[:last-base.Height], u.More || last < far
	return u, nil
}
