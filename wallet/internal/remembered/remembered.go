package remembered

import (
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Which blocks the wallet remembers. Deeper reorganisations than the newest
// ones remembered without gaps fall back to the next one remembered.
const (
	Dense  = 288  // the newest, one day's worth on the main network
	sparse = 1000 // below that, one in as many, and the genesis block
)

// Block is a block of the chain that the wallet has applied.
type Block struct {
	consensus.BlockID
	Time uint32 // Unix seconds
}

// When returns the time of the block.
func (b Block) When() time.Time { return time.Unix(int64(b.Time), 0) }

// At returns the remembered block of a height.
func At(list []Block, h consensus.Height) (Block, bool) {
	i, ok := slices.BinarySearchFunc(list, h, func(b Block, h consensus.Height) int { return int(b.Height - h) })
	if !ok {
		return Block{}, false
	}
	return list[i], true
}

// Below returns the highest remembered block not above a height.
func Below(list []Block, h consensus.Height) Block {
	i, ok := slices.BinarySearchFunc(list, h, func(b Block, h consensus.Height) int { return int(b.Height - h) })
	if !ok {
		i--
	}
	return list[i]
}

// Keep returns which blocks to keep of some up to a tip and others, in
// height order. Both lists are in height order, and may overlap in blocks that
// are the same. Kept are as many of the newest as said, one in sparse
// below, the genesis block, and those named besides the tip.
func Keep(list, more []Block, newest, tip consensus.Height, named ...consensus.Height) []Block {
	kept := make([]Block, 0, len(list)+len(more)/sparse+Dense)
	keep := func(b Block) {
		if b.Height > tip-newest || b.Height%sparse == 0 || slices.Contains(named, b.Height) {
			kept = append(kept, b)
		}
	}
	for len(list) > 0 || len(more) > 0 {
		switch {
		case len(more) == 0 || len(list) > 0 && list[0].Height < more[0].Height:
			keep(list[0])
			list = list[1:]
		default:
			if len(list) > 0 && list[0].Height == more[0].Height {
				list = list[1:]
			}
			keep(more[0])
			more = more[1:]
		}
	}
	return kept
}

// Locate returns the blocks at and below a height for a locator: the newest
// without gaps as far as they are remembered so, then at distances that
// double, and the genesis block.
func Locate(list []Block, from consensus.Height) []consensus.BlockID {
	var ids []consensus.BlockID
	for h, step := from, consensus.Height(1); h > 0; h -= step {
		b := Below(list, h)
		if b.Height == 0 {
			break
		}
		ids = append(ids, b.BlockID)
		if h = b.Height; len(ids) >= Dense {
			step *= 2
		}
	}
	return append(ids, list[0].BlockID)
}
