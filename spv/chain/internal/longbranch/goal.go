package longbranch

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// Goal is a long branch that is better than the main chain, which was taken
// back to where the two part: the headers of the branch have to come again.
// Until the main chain has as much work, it follows the marks, and only what
// has even more can take its place.
type Goal struct {
	Source uint64          // the one that the branch was weighed for
	Work   uint256.Uint256 // of the branch

	marks []consensus.BlockID
}

// GoalOf returns a branch as the goal.
func GoalOf(b *Branch) *Goal { return &Goal{Source: b.Source, Work: b.Work, marks: b.Marks} }

// Check checks that a block at the height of a mark is the mark. Another block there is no fault
// of its sender: a better branch is known. The error is a *consensus.RuleError; without a goal
// there is none.
func (g *Goal) Check(id consensus.BlockID) error {
	if g == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(g.marks, id.Height, func(m consensus.BlockID, h consensus.Height) int {
		return cmp.Compare(m.Height, h)
	})
	if ok && g.marks[i].Hash != id.Hash {
		return &consensus.RuleError{
			Rule: consensus.RuleWaypoint, Block: id,
			Detail: fmt.Sprintf("want block %v of the branch with the most work", g.marks[i].Hash),
		}
	}
	return nil
}

// Nearer reports whether a side branch, whose headers above the height fork are given, has more
// marks of the goal than the main chain. At the height of a mark that has the mark or nothing.
func (g *Goal) Nearer(fork consensus.Height, path []*sidetree.Header) bool {
	if g == nil {
		return false
	}
	tip := fork + consensus.Height(len(path))
	for _, m := range g.marks {
		if m.Height > fork && m.Height <= tip && path[m.Height-fork-1].Hash == m.Hash {
			return true
		}
	}
	return false
}
