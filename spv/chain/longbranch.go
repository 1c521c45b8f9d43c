package chain

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// maxLong is the number of long branches that are weighed at a time, one for
// each source. One takes about a megabyte.
const maxLong = 8

// longBranch is a side branch that is too long to keep. It is weighed only: of
// its headers, which have passed all rules, the newest are kept, as the rules
// need them, and here and there a hash. When it turns out to be the better
// branch, the main chain is taken back to the fork, and the headers have to
// come again.
//
// Without that, the peer that is asked first could lead a new node into a branch with
// little work that is too long ever to leave.
type longBranch struct {
	main   *mainView
	source uint64
	fork   consensus.Height  // the last height that it has in common with the main chain
	tip    consensus.BlockID // its newest block
	work   uint256.Uint256
	window recent.Headers
	anchor *consensus.Header   // the block at ASERTAnchor, if that is above the fork
	marks  []consensus.BlockID // its blocks at multiples of the mark spacing above the fork
	kept   consensus.BlockID   // its newest block that was put into the tree, or the fork
}

// newLongBranch returns the branch of a view, of which a number of headers are
// in the tree. The memory of another one that is given up is used again, unless that is nil.
func newLongBranch(view *sideView, kept int, source uint64, given *longBranch) *longBranch {
	l := &longBranch{
		main:   view.main,
		source: source,
		fork:   view.fork,
		window: recent.New(view.fork+1, recentHeaders),
	}
	if given != nil {
		l.window.Reuse(&given.window)
	}
	for i, h := range view.path {
		l.push(h)
		if i+1 == kept {
			l.kept = l.tip
		}
	}
	return l
}

// push puts a checked header on the branch.
func (l *longBranch) push(h *sidetree.Header) {
	height := h.Height()
	l.tip, l.work = consensus.BlockID{Height: height, Hash: h.Hash}, h.Work
	l.window.Push(&h.Header, &h.Work, height)
	if height == l.main.chain.params.ASERTAnchor {
		l.anchor = &h.Header
	}
	if height%l.main.chain.markSpacing() == 0 {
		l.marks = append(l.marks, l.tip)
	}
}

// markSpacing is how many blocks lie between two marks. It is less than a side
// branch may have, so that a peer that leaves a branch between two marks can return.
func (c *Chain) markSpacing() consensus.Height {
	return consensus.Height(max(c.side.PerSource()/16, 1))
}

// At implements Ancestors.
func (l *longBranch) At(h consensus.Height) *consensus.Header {
	if kept := l.window.At(h); kept != nil {
		return &kept.Header
	}
	switch {
	case h <= l.fork:
		return l.main.At(h)
	case l.anchor != nil && h == l.anchor.Height():
		return l.anchor
	}
	return nil
}

// weigh begins to weigh a branch that there was no room for, but for the given
// number of its headers. It takes the place of the last one of its source. If
// there are too many, that goes to which nothing was added for the longest
// time.
func (c *Chain) weigh(view *sideView, kept int, source uint64) {
	old := slices.IndexFunc(c.long, func(l *longBranch) bool { return l.source == source })
	if old < 0 && len(c.long) == maxLong {
		old = 0
	}
	var given *longBranch
	if old >= 0 {
		given = c.long[old]
		c.long = slices.Delete(c.long, old, old+1)
	}
	c.long = append(c.long, newLongBranch(view, kept, source, given))
}

// longOn returns the long branch that ends in a block, or nil.
func (c *Chain) longOn(tip chainhash.Hash) *longBranch {
	for _, l := range c.long {
		if l.tip.Hash == tip {
			return l
		}
	}
	return nil
}

// extendLong checks headers on top of a long branch and weighs them. If the
// branch turns out to be better than the main chain, it becomes the goal.
func (c *Chain) extendLong(ext *Extension, l *longBranch, b *consensus.HeaderBatch, source uint64, now time.Time) error {
	c.long = append(slices.DeleteFunc(c.long, func(other *longBranch) bool { return other == l }), l)
	l.source = source
	var failure error
	for i := range b.Headers {
		h := &b.Headers[i]
		if failure = c.check(l, l.tip.Height, h, &b.Hashes[i], now); failure != nil {
			break
		}
		next := sidetree.Header{Header: *h, Hash: b.Hashes[i], Work: l.work}
		next.Work.Add(c.memo.Of(h.Bits()))
		l.push(&next)
		ext.Side++
	}
	ext.Reached = l.work
	if !c.better(&l.work, l.fork, l.tip.Height) {
		return failure
	}
	return errors.Join(failure, c.pursue(ext, l))
}

// goal is a long branch that is better than the main chain, which was taken
// back to where the two part: the headers of the branch have to come again.
// Until the main chain has as much work, it follows the marks, and only what
// has even more can take its place.
type goal struct {
	source uint64
	work   uint256.Uint256
	marks  []consensus.BlockID
}

// pursue makes a long branch the goal. The headers that are in the tree need
// not come again.
func (c *Chain) pursue(ext *Extension, l *longBranch) error {
	c.long = slices.DeleteFunc(c.long, func(other *longBranch) bool { return other == l })
	view := c.rest(l)
	if point := c.lastWaypoint(); view.fork < point {
		return consensus.NewRuleError(consensus.RuleWaypoint, l.At(l.tip.Height), "it leaves the chain at %d, below the known block %d", view.fork, point)
	}
	reorg, err := c.reorganise(view)
	if err != nil {
		return err
	}
	ext.Reorg = reorg
	c.goal = &goal{source: l.source, work: l.work, marks: l.marks}
	return c.tidySide()
}

// rest returns what there is of a long branch above the main chain, which may
// have taken up some of it meanwhile.
func (c *Chain) rest(l *longBranch) *sideView {
	view := &sideView{main: &c.main, fork: l.fork, path: c.side.Path(l.kept.Hash)}
	if len(view.path) > 0 {
		view.fork = view.path[0].Height() - 1
		return view
	}
	for _, id := range append(l.marks, l.kept) {
		if id.Height > view.fork && c.main.has(id) {
			view.fork = id.Height
		}
	}
	return view
}

// checkGoal checks that a block at the height of a mark of the goal is the
// mark. Another block there is no fault of its sender: a better branch is known.
func (c *Chain) checkGoal(id consensus.BlockID) error {
	if c.goal == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(c.goal.marks, id.Height, func(m consensus.BlockID, h consensus.Height) int {
		return cmp.Compare(m.Height, h)
	})
	if ok && c.goal.marks[i].Hash != id.Hash {
		return &consensus.RuleError{
			Rule: consensus.RuleWaypoint, Block: id,
			Detail: fmt.Sprintf("want block %v of the branch with the most work", c.goal.marks[i].Hash),
		}
	}
	return nil
}

// nearer reports whether a side branch has more marks of the goal than the main
// chain. At the height of a mark this has the mark or nothing.
func (c *Chain) nearer(view *sideView) bool {
	if c.goal == nil {
		return false
	}
	for _, m := range c.goal.marks {
		if m.Height > view.fork && m.Height <= view.tip() && view.path[m.Height-view.fork-1].Hash == m.Hash {
			return true
		}
	}
	return false
}
