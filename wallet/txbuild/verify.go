package txbuild

import (
	"errors"
	"fmt"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// The states of an input that Verify returns as errors. Another error says why the script
// engine refuses the input.
var (
	// ErrUnsigned means that the signature script is empty.
	ErrUnsigned = errors.New("not signed")

	// ErrUnknown means that the output which the input spends is not known.
	ErrUnknown = errors.New("the output that it spends is not known")

	// ErrAmount means that the input states another amount than that of the output that
	// it spends. No signature covers the amount, and nodes correct it: a signer may have
	// been shown a wrong fee.
	ErrAmount = errors.New("it states another amount than that of the output that it spends")
)

// flags are the rules of scripts that nodes enforce for what they relay (dcrd:
// BaseStandardVerifyFlags, and the agendas that are active on all networks).
const flags = txscript.ScriptDiscourageUpgradableNops |
	txscript.ScriptVerifyCleanStack |
	txscript.ScriptVerifyCheckLockTimeVerify |
	txscript.ScriptVerifyCheckSequenceVerify |
	txscript.ScriptVerifySHA256 |
	txscript.ScriptVerifyTreasury

// Verify runs the script engine over every input of a transaction. Previous returns the
// output of an outpoint, nil if it is not known. The result has an element for each input:
// nil for one that is rightly signed, else why it is not.
func Verify(tx *wire.MsgTx, previous func(wire.OutPoint) *wire.TxOut) []error {
	list := make([]error, len(tx.TxIn))
	for i, in := range tx.TxIn {
		list[i] = VerifyInput(tx, i, previous(in.PreviousOutPoint))
	}
	return list
}

// VerifyInput runs the script engine over one input of a transaction, which spends an output;
// nil is one that is not known. It returns nil if the input is rightly signed, else why it is
// not.
func VerifyInput(tx *wire.MsgTx, index int, out *wire.TxOut) error {
	in := tx.TxIn[index]
	switch {
	case out == nil && len(in.SignatureScript) == 0:
		return ErrUnsigned
	case out == nil:
		return ErrUnknown
	case in.ValueIn != wire.NullValueIn && in.ValueIn != out.Value:
		return fmt.Errorf("%w: %v instead of %v", ErrAmount, dcrutil.Amount(in.ValueIn), dcrutil.Amount(out.Value))
	case len(in.SignatureScript) == 0:
		return ErrUnsigned
	}
	engine, err := txscript.NewEngine(out.PkScript, tx, index, flags, out.Version, nil)
	if err != nil {
		return err
	}
	return engine.Execute()
}

// Refused returns why no node would relay a transaction, whatever it spends, nil if none of
// the rules that do not depend on what it spends is broken. It needs not be signed.
func Refused(tx *wire.MsgTx, maxTxSize int) error {
	if err := standalone.CheckTransactionSanity(tx, uint64(maxTxSize)); err != nil {
		return fmt.Errorf("consensus refuses it: %w", err)
	}
	if size := tx.SerializeSize(); size > MaxSize {
		return fmt.Errorf("%w: it has %d bytes, and the limit is %d", ErrTooLarge, size, MaxSize)
	}
	for i, in := range tx.TxIn {
		switch {
		case len(in.SignatureScript) > maxSigScript:
			return fmt.Errorf("%w: the signature script of input %d has %d bytes, and the limit is %d", ErrTooLarge, i, len(in.SignatureScript), maxSigScript)
		case !txscript.IsPushOnlyScript(in.SignatureScript):
			return fmt.Errorf("%w: the signature script of input %d does more than push data", ErrScript, i)
		}
	}
	_, err := checkOutputs(tx.TxOut, RelayFee)
	return err
}
