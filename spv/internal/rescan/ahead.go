package rescan

import (
	"context"
	"errors"
	"slices"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/match"
)

// jobsPerProcessor is how many stretches are handed out for each processor: enough to
// keep it busy while the wallet is written, which waits for the disk.
const jobsPerProcessor = 4

// matchAhead starts the matching that is due.
func (s *Scan) matchAhead(t *track, tip consensus.Height) {
	for {
		st, ok := t.plan.take(tip, t.list.count(), jobsPerProcessor*cap(s.turns))
		if !ok {
			return
		}
		s.matchStretch(t, st)
	}
}

// matchStretch matches a stretch against the scripts that it was not matched against
// yet.
func (s *Scan) matchStretch(t *track, st *stretch) {
	watched, first, last := t.list.count(), st.first, st.last
	set, m := t.list.since(st.watched), s.matcher()
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		end, found, err := s.match(t.ctx, m, set, first, last)
		return func() error {
			s.spare = append(s.spare, m)
			if s.keeps(t) && err == nil && !t.plan.matched(st, watched, end, found) {
				err = chain.ErrStale
			}
			return s.judge(t, err)
		}
	})
}

// matcher returns a matcher that no job uses.
func (s *Scan) matcher() *match.Matcher {
	if len(s.spare) == 0 {
		return new(match.Matcher)
	}
	m := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	return m
}

// fetchAhead fetches the matched blocks that there is room for.
func (s *Scan) fetchAhead(t *track, peers int) {
	wanted := blocks.OnMain(s.store)
	for {
		h, ok := t.plan.fetch(peers)
		if !ok {
			return
		}
		s.deps.Jobs.Do(func(context.Context) jobs.Result {
			msg, from, err := s.deps.Blocks.Fetch(t.ctx, h.BlockID, &h.header, wanted)
			return func() error {
				if err == nil {
					t.plan.fetched(h.Height, msg, from)
				}
				return s.judge(t, err)
			}
		})
	}
}

// judge returns the error of a job for a track if it matters. That blocks have left
// the chain ends the track: the scan goes on from the fork.
func (s *Scan) judge(t *track, err error) error {
	var bad *consensus.InvalidBlock
	switch {
	case errors.As(err, &bad):
		return bad
	case err == nil || !s.keeps(t):
		return nil
	case !blocks.LeftChain(err):
		return err
	case t == s.step:
		s.drop()
	default:
		t.cancel()
		s.tracks = slices.DeleteFunc(s.tracks, func(o *track) bool { return o == t })
	}
	return nil
}

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
