package replay

import (
	"encoding/binary"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// The kinds of transactions, as RPC names them.
const (
	regular       = "regular"
	coinbase      = "coinbase"
	ticket        = "ticket"
	vote          = "vote"
	revocation    = "revocation"
	treasuryAdd   = "treasuryadd"
	treasurySpend = "treasuryspend"
	treasuryBase  = "treasurybase"
)

// The least number of confirmations with which outputs can be spent, on simnet. A
// payment can be spent by the next block, as can the change of a ticket; but what
// comes from a transaction that has an expiry is as late as a reward.
const (
	rewardMaturity = 16
	ticketMaturity = 16 + 1 // it takes part in the next lottery, and votes after it
	changeMaturity = 1
)

// ticketLife is how many blocks after its own a ticket may vote in, on simnet. In the last one it
// expires.
const ticketLife = 16 + 384

// kindOf tells a transaction of a block by its place and by the stake opcodes of
// its outputs.
func kindOf(tx *wire.MsgTx, tree int8, index int) string {
	if tree == wire.TxTreeRegular {
		if index == 0 {
			return coinbase
		}
		return regular
	}
	switch tag := tagAt(tx, 0); {
	case tag == txscript.OP_SSTX:
		return ticket
	case tag == txscript.OP_SSRTX:
		return revocation
	case tag == txscript.OP_TADD && tx.TxIn[0].PreviousOutPoint.Index == wire.MaxPrevOutIndex:
		return treasuryBase
	case tag == txscript.OP_TADD:
		return treasuryAdd
	case tagAt(tx, 1) == txscript.OP_TGEN:
		return treasurySpend
	}
	return vote
}

// tagAt returns the first opcode of an output, or zero.
func tagAt(tx *wire.MsgTx, output int) byte {
	if output >= len(tx.TxOut) || len(tx.TxOut[output].PkScript) == 0 {
		return 0
	}
	return tx.TxOut[output].PkScript[0]
}

// payee returns the script that an output pays to, nil if it pays no script.
func payee(kind string, script []byte) []byte {
	if kind == regular || kind == coinbase || len(script) == 0 {
		return script
	}
	switch script[0] {
	case txscript.OP_SSTX, txscript.OP_SSGEN, txscript.OP_SSRTX, txscript.OP_SSTXCHANGE, txscript.OP_TGEN:
		return script[1:]
	}
	return nil
}

// promised returns the script and the amount that output i of a ticket promises to
// return. Every second one promises.
func promised(tx *wire.MsgTx, i int) (script []byte, amount Amount, ok bool) {
	const start, end = 2, 2 + 20 + 8 // after OP_RETURN and the length: a hash and an amount
	data := tx.TxOut[i].PkScript
	if i%2 == 0 || len(data) < end {
		return nil, 0, false
	}
	const ofScript = 1 << 63
	hash, value := data[start:start+20], binary.LittleEndian.Uint64(data[start+20:end])
	if value&ofScript != 0 {
		script = append([]byte{txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
		return append(script, txscript.OP_EQUAL), Amount(value &^ ofScript), true
	}
	script = append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(script, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG), Amount(value), true
}
