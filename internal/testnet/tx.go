package testnet

import (
	"encoding/binary"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// signature has the size of a signature and a public key. The transactions of a generated
// chain are not signed: a light client cannot tell.
var signature = string(make([]byte, 107))

// coinbase returns the first transaction of the block at a height. Like a real one it
// contains the height, which makes its hash unique.
func coinbase(s stream, height uint32) *wire.MsgTx {
	tag := make([]byte, 12)
	binary.LittleEndian.PutUint32(tag, height)
	s.fill(tag[4:])
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: wire.MaxPrevOutIndex}, 0, nil))
	tx.AddTxOut(wire.NewTxOut(0, data(tag)))
	tx.AddTxOut(wire.NewTxOut(value(s), somebody(s)))
	return tx
}

// payment returns a regular transaction with invented inputs.
func payment(s stream) *wire.MsgTx {
	tx := wire.NewMsgTx()
	for range 1 + s.below(2) {
		spendInvented(s, tx, wire.TxTreeRegular)
	}
	for range 6 + s.below(20) {
		tx.AddTxOut(wire.NewTxOut(value(s), somebody(s)))
	}
	return tx
}

// ticket returns a ticket purchase with one commitment and, now and then,
// change.
func ticket(s stream) *wire.MsgTx {
	tx := wire.NewMsgTx()
	spendInvented(s, tx, wire.TxTreeRegular)
	amount := value(s)
	tx.AddTxOut(wire.NewTxOut(amount, somebody(s, txscript.OP_SSTX)))
	commitment := make([]byte, hashSize+10)
	s.fill(commitment[:hashSize])
	binary.LittleEndian.PutUint64(commitment[hashSize:], uint64(amount))
	tx.AddTxOut(wire.NewTxOut(0, data(commitment)))
	change := int64(0)
	if s.oneIn(8) {
		change = value(s)
	}
	tx.AddTxOut(wire.NewTxOut(change, somebody(s, txscript.OP_SSTXCHANGE)))
	return tx
}

// vote returns a vote that approves. The hash of the block it votes on is
// invented: it would make every block depend on the one before, and only a
// full node can tell.
func vote(s stream, height uint32) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: wire.MaxPrevOutIndex}, 0, []byte{0, 0}))
	spendInvented(s, tx, wire.TxTreeStake)
	on := make([]byte, 36)
	s.fill(on[:32])
	binary.LittleEndian.PutUint32(on[32:], height-1)
	tx.AddTxOut(wire.NewTxOut(0, data(on)))
	tx.AddTxOut(wire.NewTxOut(0, data([]byte{1, 0, stakeVersion, 0, 0, 0})))
	tx.AddTxOut(wire.NewTxOut(value(s), somebody(s, txscript.OP_SSGEN)))
	return tx
}

// revocation returns a revocation of an invented ticket.
func revocation(s stream) *wire.MsgTx {
	tx := wire.NewMsgTx()
	spendInvented(s, tx, wire.TxTreeStake)
	tx.AddTxOut(wire.NewTxOut(value(s), somebody(s, txscript.OP_SSRTX)))
	return tx
}

// spendInvented adds an input that spends output 0 of no real transaction.
func spendInvented(s stream, tx *wire.MsgTx, tree int8) {
	o := wire.OutPoint{Tree: tree}
	s.fill(o.Hash[:])
	tx.AddTxIn(wire.NewTxIn(&o, value(s), []byte(signature)))
}

// value returns an amount in atoms, at most about ten coins.
func value(s stream) int64 { return 1 + int64(s.below(1e9)) }
