package rows

import (
	"encoding/binary"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// OutPointSize is the size of a stored outpoint in bytes: transaction hash and index (u32).
// The tree is left out, a transaction hash is unique without it.
const OutPointSize = 32 + 4

// OutPointKey returns an outpoint as it is stored.
func OutPointKey(op wire.OutPoint) []byte {
	b := make([]byte, 0, OutPointSize)
	b = append(b, op.Hash[:]...)
	return binary.BigEndian.AppendUint32(b, op.Index)
}

// OutPoint reads an outpoint. Its tree, which is not stored, is the regular one.
func (r *Row) OutPoint() wire.OutPoint {
	return wire.OutPoint{Hash: r.Hash(), Index: r.U32()}
}

// AppendBlockID appends the height (u32) and the hash of a block.
func AppendBlockID(b []byte, id consensus.BlockID) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(id.Height))
	return append(b, id.Hash[:]...)
}

// BlockID reads what AppendBlockID wrote.
func (r *Row) BlockID() consensus.BlockID {
	id := consensus.BlockID{Height: consensus.Height(r.U32()), Hash: r.Hash()}
	r.Bad = r.Bad || id.Height < 0
	return id
}
