package wallet

import (
	"fmt"

	"github.com/spvd/spvd/spv/chain"
)

// origin returns the block an update starts from, as far as the update names
// it: without reverted blocks, the parent of its first block.
func origin(u *chain.Update) chain.BlockID {
	if len(u.Reverted) > 0 {
		return u.Reverted[0]
	}
	first := &u.Applied[0]
	return chain.BlockID{Height: first.Height - 1, Hash: first.Header.PrevBlock()}
}

// fork returns the remembered block below all that an update reverts, on which
// its blocks have to stand.
func (s *snapshot) fork(u *chain.Update) chain.BlockID {
	if len(u.Reverted) == 0 {
		return origin(u)
	}
	lowest := u.Reverted[len(u.Reverted)-1].Height
	return blockBelow(s.blocks, max(lowest-1, 0)).BlockID
}

// linked checks that the blocks of an update stand on a block, and each on the
// one before.
func linked(on chain.BlockID, u *chain.Update) error {
	for i := range u.Applied {
		b := &u.Applied[i]
		if b.Height != on.Height+1 || b.Header.PrevBlock() != on.Hash {
			return fmt.Errorf("block %d %s does not follow %d %s: %w", b.Height, b.Hash, on.Height, on.Hash, ErrNotConnected)
		}
		on = b.BlockID
	}
	return nil
}

// parted returns the highest remembered block on which the chain of an update
// and the wallet's agree, and whether the wallet's goes on differently. It is
// what finds a reorganisation above the cursor.
func (s *snapshot) parted(on chain.BlockID, u *chain.Update) (chain.BlockID, bool) {
	common := on
	for i := range u.Applied {
		b, ok := blockAt(s.blocks, u.Applied[i].Height)
		switch {
		case ok && b.Hash != u.Applied[i].Hash:
			return common, true
		case ok:
			common = b.BlockID
		}
	}
	return common, false
}
