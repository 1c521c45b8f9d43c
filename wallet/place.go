package wallet

import (
	"encoding/binary"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Place is where a transaction was mined: places in the order of their stored
// form are transactions in the order the chain applies them.
type Place struct {
	Height consensus.Height
	Tree   int8   // wire.TxTreeRegular or wire.TxTreeStake
	Index  uint32 // in the tree's transactions
}

// placeSize is the size of a stored place: height, tree, index. The stake tree
// sorts first, because a block's stake transactions are applied before its
// regular ones.
const placeSize = 4 + 1 + 4

func (p Place) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Height))
	b = append(b, byte(wire.TxTreeStake-p.Tree))
	return binary.BigEndian.AppendUint32(b, p.Index)
}

func (p Place) key() []byte { return p.append(make([]byte, 0, placeSize)) }

func (r *row) place() Place {
	p := Place{Height: consensus.Height(r.u32())}
	tree := r.u8()
	p.Tree, p.Index = wire.TxTreeStake-int8(tree), r.u32()
	r.bad = r.bad || p.Height < 0 || tree > 1
	return p
}

// outpointSize is the size of a stored outpoint: transaction hash and index.
// The tree is left out, a transaction hash is unique without it.
const outpointSize = 32 + 4

func outpointKey(op wire.OutPoint) []byte {
	b := make([]byte, 0, outpointSize)
	b = append(b, op.Hash[:]...)
	return binary.BigEndian.AppendUint32(b, op.Index)
}

func (r *row) outpoint() wire.OutPoint {
	return wire.OutPoint{Hash: r.hash(), Index: r.u32()}
}
