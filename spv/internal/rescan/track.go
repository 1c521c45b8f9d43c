package rescan

import (
	"context"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// track is what is done ahead of a place where the wallet stands.
type track struct {
	plan    *scanPlan
	list    watchlist
	ctx     context.Context // of the jobs
	cancel  context.CancelFunc
	tip     consensus.BlockID   // of the filters when the chain was last seen to lead there
	locator []consensus.BlockID // the wallet's, for the step that starts here
	reverts bool                // the step begins with blocks to take back
}

// keptTracks is how many places are remembered besides that of the step: a wallet
// may be searched for at its tip and in old blocks in turns.
const keptTracks = 2

// leadsTo reports whether the chain up to a tip goes through a track's place.
func (s *Scan) leadsTo(t *track, tip consensus.BlockID) bool {
	t.tip = tip
	hash, err := s.store.Hash(t.plan.base.Height)
	return err == nil && hash == t.plan.base.Hash
}

// resume returns the track of a place, if there is one, and takes it off the list.
func (s *Scan) resume(locator []consensus.BlockID) *track {
	i := slices.IndexFunc(s.tracks, func(t *track) bool { return t.plan.base == locator[0] })
	if i < 0 {
		return nil
	}
	t := s.tracks[i]
	s.tracks = slices.Delete(s.tracks, i, i+1)
	t.locator = locator
	return t
}

// leave ends the step and keeps its track.
func (s *Scan) leave() {
	s.tracks = slices.Insert(s.tracks, 0, s.step)
	s.step, s.working, s.grew, s.update, s.since = nil, false, false, nil, time.Now()
	for len(s.tracks) > keptTracks {
		s.tracks[keptTracks].cancel()
		s.tracks = s.tracks[:keptTracks]
	}
}

// drop ends the step and its jobs.
func (s *Scan) drop() {
	s.step.cancel()
	s.step, s.working, s.grew, s.update = nil, false, false, nil
}

// keeps reports whether a track was not dropped.
func (s *Scan) keeps(t *track) bool { return t == s.step || slices.Contains(s.tracks, t) }
