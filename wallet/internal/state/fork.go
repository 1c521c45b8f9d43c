package state

import (
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// Origin returns the block an update starts from, as far as the update names
// it: without reverted blocks, the parent of its first block.
func Origin(u *chain.Update) consensus.BlockID {
	if len(u.Reverted) > 0 {
		return u.Reverted[0]
	}
	first := &u.Applied[0]
	return consensus.BlockID{Height: first.Height - 1, Hash: first.Header.PrevBlock()}
}

// Fork returns the block on which the blocks of an update have to stand: the
// one that the first of them names, which has to be remembered. Without any it is
// the newest remembered block below all that is reverted.
func (s *Snapshot) Fork(u *chain.Update) consensus.BlockID {
	if len(u.Reverted) == 0 {
		return Origin(u)
	}
	below := u.Reverted[len(u.Reverted)-1].Height
	if len(u.Applied) > 0 {
		below = u.Applied[0].Height
	}
	return remembered.Below(s.Blocks, max(below-1, 0)).BlockID
}
