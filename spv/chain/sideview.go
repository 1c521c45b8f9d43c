package chain

import (
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// sideView is a side branch as the rules see it: the main chain up to the fork
// and the branch from there on.
type sideView struct {
	main *mainView
	fork consensus.Height
	path []*sidetree.Header
	work uint256.Uint256 // of the branch up to its tip
}

// At implements Ancestors.
func (v *sideView) At(h consensus.Height) *consensus.Header {
	switch {
	case h <= v.fork:
		return v.main.At(h)
	case h > v.tip():
		return nil
	}
	return &v.path[h-v.fork-1].Header
}

// tip returns the height of the newest block of the branch.
func (v *sideView) tip() consensus.Height { return v.fork + consensus.Height(len(v.path)) }
