package txn

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

// PlaceSize is the size of a stored place: height, tree, index. The stake tree
// sorts first, because a block's stake transactions are applied before its
// regular ones.
const PlaceSize = 4 + 1 + 4

// AppendPlace appends a place as it is stored.
func AppendPlace(b []byte, p Place) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Height))
	b = append(b, byte(wire.TxTreeStake-p.Tree))
	return binary.BigEndian.AppendUint32(b, p.Index)
}

// PlaceKey returns a place as it is stored.
func PlaceKey(p Place) []byte { return AppendPlace(make([]byte, 0, PlaceSize), p) }

// EachTx calls fn for the transactions of a block in the order the chain
// applies them, until it fails. The heights of the places are zero.
func EachTx(b *wire.MsgBlock, fn func(p Place, tx *wire.MsgTx, kind Kind) error) error {
	if b == nil {
		return nil
	}
	for i, tx := range b.STransactions {
		p := Place{Tree: wire.TxTreeStake, Index: uint32(i)}
		if err := fn(p, tx, KindAt(p, tx)); err != nil {
			return err
		}
	}
	for i, tx := range b.Transactions {
		p := Place{Tree: wire.TxTreeRegular, Index: uint32(i)}
		if err := fn(p, tx, KindAt(p, tx)); err != nil {
			return err
		}
	}
	return nil
}
