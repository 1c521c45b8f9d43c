package longbranch

import (
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// Branch is a side branch that is weighed. Only the methods change what is exported.
type Branch struct {
	Source uint64              // the one that has sent the newest headers
	Fork   consensus.Height    // the last height that it has in common with the main chain
	Tip    consensus.BlockID   // its newest block
	Work   uint256.Uint256     // of the chain up to there
	Marks  []consensus.BlockID // its blocks at multiples of the spacing above the fork, in height order
	Kept   consensus.BlockID   // its newest block that is in the tree of side branches; zero for none

	set    *Set
	main   consensus.Ancestors // the main chain
	window recent.Headers
	anchor *consensus.Header // the block at ASERTAnchor, if that is above the fork
}

// Push puts a header on the branch that was checked on it.
func (b *Branch) Push(h *sidetree.Header) {
	height := h.Height()
	b.Tip, b.Work = consensus.BlockID{Height: height, Hash: h.Hash}, h.Work
	b.window.Push(&h.Header, &h.Work, height)
	if height == b.set.params.ASERTAnchor {
		b.anchor = &h.Header
	}
	if height%b.set.spacing == 0 {
		b.Marks = append(b.Marks, b.Tip)
	}
}

// At implements consensus.Ancestors.
func (b *Branch) At(h consensus.Height) *consensus.Header {
	if kept := b.window.At(h); kept != nil {
		return &kept.Header
	}
	switch {
	case h <= b.Fork:
		return b.main.At(h)
	case b.anchor != nil && h == b.anchor.Height():
		return b.anchor
	}
	return nil
}
