package chain

import (
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Block is one block of an update.
type Block struct {
	consensus.BlockID
	Header consensus.Header

	// Msg is the whole block, proven to belong to the header. It is nil if
	// the block was not fetched, because the filter matched no script.
	Msg *wire.MsgBlock
}

// Update is a step along the chain: the blocks to take back, newest first, and
// then the blocks to put on, oldest first. Reorganisation, restart and rescan
// all are updates.
type Update struct {
	Reverted []consensus.BlockID
	Applied  []Block

	// More says that the chain went on after the last applied block when the
	// update was made.
	More bool
}

// Empty reports whether the update changes nothing.
func (u *Update) Empty() bool { return len(u.Reverted) == 0 && len(u.Applied) == 0 }
