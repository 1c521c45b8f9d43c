package chain

import (
	"errors"
	"time"

	"github.com/spvd/spvd/spv/chain/internal/longbranch"
	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// markSpacing is how many blocks lie between two marks of a long branch, of which a source may
// have so many headers in the tree.
func markSpacing(perSource int) consensus.Height { return consensus.Height(max(perSource/16, 1)) }

// extendLong checks headers on top of a long branch and weighs them. If the
// branch turns out to be better than the main chain, it becomes the goal.
func (c *Chain) extendLong(ext *Extension, l *longbranch.Branch, b *consensus.HeaderBatch, source uint64, now time.Time) error {
	c.long.Touch(l, source)
	var failure error
	for i := range b.Headers {
		h := &b.Headers[i]
		if failure = c.check(l, l.Tip.Height, h, &b.Hashes[i], now); failure != nil {
			break
		}
		next := sidetree.Header{Header: *h, Hash: b.Hashes[i], Work: l.Work}
		next.Work.Add(c.memo.Of(h.Bits()))
		l.Push(&next)
		ext.Side++
	}
	ext.Reached = l.Work
	if !c.better(&l.Work, l.Fork, l.Tip.Height) {
		return failure
	}
	return errors.Join(failure, c.pursue(ext, l))
}

// pursue makes a long branch the goal. The headers that are in the tree need
// not come again.
func (c *Chain) pursue(ext *Extension, l *longbranch.Branch) error {
	c.long.Remove(l)
	view := c.rest(l)
	if point := c.lastWaypoint(); view.fork < point {
		return consensus.NewRuleError(consensus.RuleWaypoint, l.At(l.Tip.Height), "it leaves the chain at %d, below the known block %d", view.fork, point)
	}
	reorg, err := c.reorganise(view)
	if err != nil {
		return err
	}
	ext.Reorg = reorg
	c.goal = longbranch.GoalOf(l)
	return c.tidySide()
}

// rest returns what there is of a long branch above the main chain, which may
// have taken up some of it meanwhile.
func (c *Chain) rest(l *longbranch.Branch) *sideView {
	view := &sideView{main: &c.main, fork: l.Fork, path: c.side.Path(l.Kept.Hash)}
	if len(view.path) > 0 {
		view.fork = view.path[0].Height() - 1
		return view
	}
	for _, id := range append(l.Marks, l.Kept) {
		if id.Height > view.fork && c.main.has(id) {
			view.fork = id.Height
		}
	}
	return view
}
