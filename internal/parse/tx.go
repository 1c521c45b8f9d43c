package parse

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// The least bytes that items take (wire: MsgTx).
const (
	prefixSize  = chainhash.HashSize + 4 + 1 + 4 // of an input: outpoint, sequence
	witnessSize = 8 + 4 + 4 + 1                  // of an input: value, height, index, empty script
	outputSize  = 8 + 2 + 1                      // value, version, empty script
	txSize      = 4 + 1 + 1 + 4 + 4              // version, no inputs, no outputs, lock time, expiry
)

// errTrailing means that there are bytes after the end.
var errTrailing = errors.New("there are bytes after the end")

// Tx decodes a transaction, which must fill the bytes. Its scripts are parts of
// them.
func Tx(b []byte) (*wire.MsgTx, error) {
	c := cursor{rest: b}
	tx := c.tx()
	if c.err == nil && len(c.rest) > 0 {
		c.fail(errTrailing)
	}
	if c.err != nil {
		return nil, fmt.Errorf("decode transaction: %w", c.err)
	}
	return tx, nil
}

// tx reads a transaction in one of the three serializations.
func (c *cursor) tx() *wire.MsgTx {
	tx := new(wire.MsgTx)
	tx.Version, tx.SerType = c.version()
	switch tx.SerType {
	case wire.TxSerializeFull:
		c.prefix(tx, prefixSize+witnessSize)
		if n := c.count("witnesses", witnessSize); c.err == nil && n != len(tx.TxIn) {
			c.fail(fmt.Errorf("%d witnesses of %d inputs", n, len(tx.TxIn)))
		}
		c.witness(tx)
	case wire.TxSerializeNoWitness:
		c.prefix(tx, prefixSize)
	case wire.TxSerializeOnlyWitness:
		tx.TxIn = inputs(c.count("witnesses", witnessSize))
		tx.TxOut = []*wire.TxOut{}
		c.witness(tx)
	default:
		c.fail(fmt.Errorf("unknown serialization %d", tx.SerType))
	}
	return tx
}

// inputs returns so many empty inputs in one piece of memory.
func inputs(n int) []*wire.TxIn {
	block, list := make([]wire.TxIn, n), make([]*wire.TxIn, n)
	for i := range block {
		list[i] = &block[i]
	}
	return list
}

// prefix reads the part of a transaction that its hash covers. Each input takes at
// least so many bytes of what is left.
func (c *cursor) prefix(tx *wire.MsgTx, inputSize int) {
	tx.TxIn = inputs(c.count("inputs", inputSize))
	for _, in := range tx.TxIn {
		in.PreviousOutPoint = wire.OutPoint{Hash: c.hash(), Index: c.u32(), Tree: int8(c.u8())}
		in.Sequence = c.u32()
	}
	n := c.count("outputs", outputSize)
	block := make([]wire.TxOut, n)
	tx.TxOut = make([]*wire.TxOut, n)
	for i := range block {
		block[i].Value, block[i].Version, block[i].PkScript = int64(c.u64()), c.u16(), c.script()
		tx.TxOut[i] = &block[i]
	}
	tx.LockTime, tx.Expiry = c.u32(), c.u32()
}

// witness reads the part of the inputs that the hash of a transaction leaves out.
func (c *cursor) witness(tx *wire.MsgTx) {
	for _, in := range tx.TxIn {
		in.ValueIn, in.BlockHeight, in.BlockIndex = int64(c.u64()), c.u32(), c.u32()
		in.SignatureScript = c.script()
	}
}

// TxID checks the form of a fully serialized transaction, which must fill the bytes, and
// returns its hash. It allocates nothing for counts that the bytes claim.
func TxID(b []byte) (chainhash.Hash, error) {
	c := cursor{rest: b}
	version, kind := c.version()
	if c.err == nil && kind != wire.TxSerializeFull {
		c.fail(fmt.Errorf("serialization %d is not the full one", kind))
	}
	ins := c.count("inputs", prefixSize+witnessSize)
	c.take(ins * prefixSize)
	for range c.count("outputs", outputSize) {
		c.take(outputSize - 1)
		c.script()
	}
	c.take(8) // lock time and expiry
	prefix := b[min(4, len(b)) : len(b)-len(c.rest)]
	if n := c.count("witnesses", witnessSize); c.err == nil && n != ins {
		c.fail(fmt.Errorf("%d witnesses of %d inputs", n, ins))
	}
	for range ins {
		c.take(witnessSize - 1)
		c.script()
	}
	if c.err == nil && len(c.rest) > 0 {
		c.fail(errTrailing)
	}
	if c.err != nil {
		return chainhash.Hash{}, fmt.Errorf("read transaction: %w", c.err)
	}
	// The hash is that of the serialization without witness (wire: MsgTx.TxHash).
	head := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(prefix)), uint32(version)|uint32(wire.TxSerializeNoWitness)<<16)
	return chainhash.HashH(append(head, prefix...)), nil
}

// Held returns about how many bytes a decoded transaction occupies in memory,
// with the bytes that its scripts are parts of.
func Held(tx *wire.MsgTx) int {
	const own, perInput, perOutput = 96, 104, 56
	return own + perInput*len(tx.TxIn) + perOutput*len(tx.TxOut) + tx.SerializeSize()
}
