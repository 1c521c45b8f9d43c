package longbranch

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// Max is the number of branches that are weighed at a time, one for each source. One takes about a
// megabyte.
const Max = 8

// Set is the branches that are weighed.
type Set struct {
	params  *consensus.Params
	window  int
	spacing consensus.Height
	list    []*Branch // the one that was added to last at the end
}

// New returns an empty set. As many of the newest headers of a branch as window, a power of two,
// are kept, and the hash of each block whose height is a multiple of the spacing. That should be
// less than the headers of a source in the tree of side branches, so that one that leaves a branch
// between two marks can return.
func New(p *consensus.Params, window int, spacing consensus.Height) *Set {
	return &Set{params: p, window: window, spacing: spacing}
}

// Weigh begins to weigh a branch that leaves the main chain above a height, and of whose headers,
// oldest first, only a number are in the tree of side branches: there is no room for the others.
// It takes the place of the last branch of its source. If there are too many, that goes to which
// nothing was added for the longest time.
func (s *Set) Weigh(main consensus.Ancestors, fork consensus.Height, path []*sidetree.Header, kept int, source uint64) {
	old := slices.IndexFunc(s.list, func(b *Branch) bool { return b.Source == source })
	if old < 0 && len(s.list) == Max {
		old = 0
	}
	b := &Branch{Source: source, Fork: fork, set: s, main: main, window: recent.New(fork+1, s.window)}
	if old >= 0 {
		b.window.Reuse(&s.list[old].window)
		s.list = slices.Delete(s.list, old, old+1)
	}
	for i, h := range path {
		b.Push(h)
		if i+1 == kept {
			b.Kept = b.Tip
		}
	}
	s.list = append(s.list, b)
}

// EndingIn returns the branch that ends in a block, or nil.
func (s *Set) EndingIn(tip chainhash.Hash) *Branch {
	for _, b := range s.list {
		if b.Tip.Hash == tip {
			return b
		}
	}
	return nil
}

// Touch records that a source adds to a branch now.
func (s *Set) Touch(b *Branch, source uint64) {
	s.Remove(b)
	s.list = append(s.list, b)
	b.Source = source
}

// Remove drops a branch.
func (s *Set) Remove(b *Branch) {
	s.list = slices.DeleteFunc(s.list, func(other *Branch) bool { return other == b })
}

// Forget drops the branches of a source.
func (s *Set) Forget(source uint64) {
	s.list = slices.DeleteFunc(s.list, func(b *Branch) bool { return b.Source == source })
}

// TakenBack drops the branches that leave the main chain above a height, to which it was taken
// back.
func (s *Set) TakenBack(to consensus.Height) {
	s.list = slices.DeleteFunc(s.list, func(b *Branch) bool { return b.Fork > to })
}

// Len returns the number of branches.
func (s *Set) Len() int { return len(s.list) }
