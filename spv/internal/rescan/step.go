package rescan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
)

// begin begins a step towards a height where the wallet says, and reports whether it is
// known where on the chain that is. Otherwise a job finds out.
func (s *Scan) begin(tip consensus.BlockID, limit consensus.Height) bool {
	var seen []consensus.BlockID // where there is nothing to do, there may be somewhere else
	s.lacks = 0
	floor := s.store.State().Floor
	for {
		locator := s.deps.Wallet.Locator()
		if len(locator) == 0 || slices.Contains(seen, locator[0]) {
			break
		}
		seen = append(seen, locator[0])
		if locator[0] == tip || limit < tip.Height && locator[0].Height >= limit {
			continue
		}
		if scripts, _ := s.deps.Wallet.Scripts(); s.isLacking(locator[0].Height, floor, len(scripts)) {
			continue
		}
		t := s.resume(locator)
		if t == nil {
			s.place(locator, tip)
			return false
		}
		if t.list.take(s.deps.Wallet.Scripts()) || tip != t.tip && !s.leadsTo(t, tip) {
			t.cancel()
			s.place(locator, tip)
			return false
		}
		s.step = t
		return true
	}
	s.reread()
	return false
}

// place finds out where on the chain the wallet stands, and begins a track and a step
// there.
func (s *Scan) place(locator []consensus.BlockID, tip consensus.BlockID) {
	s.placing = true
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		u, err := s.store.Since(locator, 0)
		return func() error {
			s.placing = false
			if err != nil {
				return err
			}
			t := &track{plan: newScanPlan(forkOf(locator, &u)), tip: tip, locator: locator, reverts: len(u.Reverted) > 0}
			t.ctx, t.cancel = context.WithCancel(s.deps.Jobs.Context())
			t.list.take(s.deps.Wallet.Scripts())
			s.step, s.since = t, time.Now()
			return nil
		}
	})
}

// forkOf returns the block of a locator that an update stands on.
func forkOf(locator []consensus.BlockID, u *chain.Update) consensus.BlockID {
	return locator[len(u.Reverted)]
}

// compose makes the step of what is matched and fetched up to a height.
func (s *Scan) compose(t *track, last consensus.Height) {
	base, locator, watched := t.plan.base, t.locator, t.list.count()
	ends, matched := t.plan.ends(last), t.plan.upTo(last)
	memory := s.memory
	s.working, t.plan.applying, s.memory = true, true, nil
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		u, err := s.compiled(memory, locator, base, last, ends, matched)
		return func() error {
			switch {
			case err != nil || t != s.step:
				return s.judge(t, err)
			case watched != t.list.count():
				s.working, t.plan.applying = false, false
				return nil
			}
			s.update = &u
			s.apply(t)
			return nil
		}
	})
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

// apply gives the wallet the step, in a job: many wallets take their time, and the
// chain goes on meanwhile. No other step begins before it is done.
func (s *Scan) apply(t *track) {
	u := s.update
	if u.Empty() {
		s.applied(t)
		return
	}
	s.writing = true
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		grown, err := s.deps.Wallet.Apply(ctx, *u)
		return func() error {
			s.writing = false
			var bad *consensus.InvalidBlock
			switch {
			case errors.As(err, &bad):
				if from := t.plan.sender(bad.Block); from != 0 {
					s.deps.Accuse(from, bad) // no node that checks blocks has it
				}
				return bad
			case err != nil:
				return fmt.Errorf("wallet: %w", err)
			case t != s.step:
				s.reread()
			case grown:
				s.grown(t)
			default:
				s.applied(t)
			}
			return nil
		}
	})
}

// grown abandons the step because the wallet watches more scripts now, and has applied
// nothing: the plan matches the same blocks against these scripts and fetches what
// matches, within its bounds, and the next step starts at the same block.
func (s *Scan) grown(t *track) {
	t.list.extend(s.deps.Wallet.Scripts())
	clear(s.update.Applied) // it keeps no transactions
	s.memory = s.update.Applied
	s.working, s.grew, s.update, t.plan.applying = false, true, nil, false
}

// applied ends the step that the wallet was taken along.
func (s *Scan) applied(t *track) {
	u := s.update
	base := t.plan.base
	if n := len(u.Applied); n > 0 {
		base = u.Applied[n-1].BlockID
	}
	t.plan.advance(base)
	t.reverts = false
	clear(u.Applied) // it keeps no transactions
	s.memory = u.Applied
	s.leave()
	s.reread()
}
