package testnet

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Tx is a planned transaction of a block.
type Tx struct {
	Msg *wire.MsgTx

	// Stake means that it belongs in the stake tree. The header counts it by its type.
	Stake bool

	// Coinbase means that it takes the place of the invented one.
	Coinbase bool

	// Spends are the scripts of the outputs that the inputs spend, in their order. It may
	// have fewer than the inputs: the rest are invented.
	Spends [][]byte
}

// Plan holds transactions that a chain includes in addition to its own, by height.
type Plan map[consensus.Height][]Tx

// Pay plans a payment of an amount in atoms, from an invented output, to a script. It returns
// the output.
func (p Plan) Pay(h consensus.Height, script []byte, amount int64) wire.OutPoint {
	var tag [12]byte
	binary.LittleEndian.PutUint32(tag[:], uint32(h))
	binary.LittleEndian.PutUint64(tag[4:], uint64(len(p[h])))
	from := wire.OutPoint{Hash: chainhash.HashH(tag[:])}
	return p.add(h, from, payToHash(from.Hash[:]), script, amount)
}

// Spend plans to spend an output of the plan for an amount in atoms to a
// script. It returns the new output.
func (p Plan) Spend(h consensus.Height, from wire.OutPoint, script []byte, amount int64) wire.OutPoint {
	return p.add(h, from, p.script(from), script, amount)
}

// add plans a transaction with one input and one output.
func (p Plan) add(h consensus.Height, from wire.OutPoint, spends, script []byte, amount int64) wire.OutPoint {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&from, amount, []byte(signature)))
	tx.AddTxOut(wire.NewTxOut(amount, script))
	p[h] = append(slices.Clip(p[h]), Tx{Msg: tx, Spends: [][]byte{spends}})
	return wire.OutPoint{Hash: tx.TxHash(), Tree: wire.TxTreeRegular}
}

// script returns the script of a planned output.
func (p Plan) script(o wire.OutPoint) []byte {
	for _, txs := range p {
		for _, tx := range txs {
			if tx.Msg.TxHash() == o.Hash {
				return tx.Msg.TxOut[o.Index].PkScript
			}
		}
	}
	panic(fmt.Sprintf("testnet: output %v is not planned", o))
}
