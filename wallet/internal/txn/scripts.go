package txn

import (
	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// relayFlags are the script rules under which nodes relay transactions.
const relayFlags = txscript.ScriptDiscourageUpgradableNops |
	txscript.ScriptVerifyCleanStack |
	txscript.ScriptVerifyCheckLockTimeVerify |
	txscript.ScriptVerifyCheckSequenceVerify |
	txscript.ScriptVerifySHA256 |
	txscript.ScriptVerifyTreasury

// The script rules of blocks (dcrd: consensusScriptVerifyFlags): those that have always
// held, and with those that votes have added since. What a block may hold depends on
// when it was mined: it is invalid if it breaks both.
const (
	leastBlockFlags = txscript.ScriptVerifyCleanStack | txscript.ScriptVerifyCheckLockTimeVerify
	mostBlockFlags  = leastBlockFlags | txscript.ScriptVerifyCheckSequenceVerify | txscript.ScriptVerifySHA256 | txscript.ScriptVerifyTreasury
)

// VerifyRelayed runs the scripts of an input that spends an output, by the rules under which
// nodes relay transactions. The error is that of the script engine. A revocation that nodes
// make by themselves needs no signature.
func VerifyRelayed(tx *wire.MsgTx, input uint32, out *wire.TxOut) error {
	if automatic(tx) {
		return nil
	}
	return execute(tx, input, out, relayFlags)
}

// VerifyMined does the same by the rules of blocks. The error says which of the newest rules
// the input breaks, if it breaks those that have always held too.
func VerifyMined(tx *wire.MsgTx, input uint32, out *wire.TxOut) error {
	if automatic(tx) || execute(tx, input, out, leastBlockFlags) == nil {
		return nil
	}
	return execute(tx, input, out, mostBlockFlags)
}

// automatic reports whether a transaction is a revocation that nodes make by themselves:
// it carries no signature, and none is asked for (DCP0009). Its outputs are what the ticket
// has promised.
func automatic(tx *wire.MsgTx) bool {
	return tx.Version >= stake.TxVersionAutoRevocations && stake.IsSSRtx(tx)
}

// execute runs the scripts of an input.
func execute(tx *wire.MsgTx, input uint32, out *wire.TxOut, flags txscript.ScriptFlags) error {
	engine, err := txscript.NewEngine(out.PkScript, tx, int(input), flags, out.Version, nil)
	if err != nil {
		return err
	}
	return engine.Execute()
}
