package txbuild

import (
	"bytes"
	"fmt"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"
)

const (
	// sigPush is the largest push of an ECDSA signature: the opcode, 72 bytes of DER and
	// the type of the hash. dcrwallet counts the same.
	sigPush = 1 + 72 + 1

	// keyPush is the push of a compressed public key.
	keyPush = 1 + 33

	// inputSize is an input without its signature script and the length of that: the
	// outpoint with its tree, the sequence, the amount, the height and the index.
	inputSize = 32 + 4 + 1 + 4 + 8 + 4 + 4

	// emptySize is a transaction without inputs, outputs and their three counts: version,
	// lock time and expiry.
	emptySize = 4 + 4 + 4
)

// sigScriptSize returns the largest size in bytes of the signature script that spends an
// output, and how many signatures are in it. Stake tags change neither. The redeem script
// is that of a pay-to-script-hash output. The error is ErrScript for an output that a
// regular transaction cannot spend, or whose signature script is unknown.
func sigScriptSize(pkScript, redeem []byte) (size, signatures int, err error) {
	switch kind := stdscript.DetermineScriptTypeV0(pkScript); kind {
	case stdscript.STPubKeyHashEcdsaSecp256k1, stdscript.STStakeGenPubKeyHash, stdscript.STStakeRevocationPubKeyHash,
		stdscript.STStakeChangePubKeyHash, stdscript.STTreasuryGenPubKeyHash,
		stdscript.STPubKeyEcdsaSecp256k1, stdscript.STMultiSig:
		return plainSize(kind, pkScript)
	case stdscript.STScriptHash, stdscript.STStakeGenScriptHash, stdscript.STStakeRevocationScriptHash,
		stdscript.STStakeChangeScriptHash, stdscript.STTreasuryGenScriptHash:
		if len(redeem) > 0 && !bytes.Contains(pkScript, stdaddr.Hash160(redeem)) {
			return 0, 0, fmt.Errorf("%w: it pays to another redeem script", ErrScript)
		}
		return hashedSize(redeem)
	default:
		return 0, 0, fmt.Errorf("%w: it is of type %s", ErrScript, kind)
	}
}

// plainSize is sigScriptSize for a script that is not the hash of another one.
func plainSize(kind stdscript.ScriptType, script []byte) (size, signatures int, err error) {
	switch kind {
	case stdscript.STPubKeyEcdsaSecp256k1:
		return sigPush, 1, nil
	case stdscript.STMultiSig: // Decred needs no dummy value before the signatures
		n := int(stdscript.DetermineRequiredSigsV0(script))
		return n * sigPush, n, nil
	default:
		return sigPush + keyPush, 1, nil
	}
}

// hashedSize is sigScriptSize for a redeem script, which follows the signatures.
func hashedSize(redeem []byte) (size, signatures int, err error) {
	if len(redeem) == 0 {
		return 0, 0, fmt.Errorf("%w: its redeem script is unknown", ErrScript)
	}
	kind := stdscript.DetermineScriptTypeV0(redeem)
	switch kind {
	case stdscript.STPubKeyHashEcdsaSecp256k1, stdscript.STPubKeyEcdsaSecp256k1, stdscript.STMultiSig:
	default:
		return 0, 0, fmt.Errorf("%w: its redeem script is of type %s", ErrScript, kind)
	}
	size, signatures, err = plainSize(kind, redeem)
	if size += pushSize(len(redeem)); err == nil && (size > maxSigScript || sigOps(redeem) > maxP2SHSigOps) {
		return 0, 0, fmt.Errorf("%w: nodes do not relay a signature script of %d bytes with %d signature operations", ErrScript, size, sigOps(redeem))
	}
	return size, signatures, err
}

// pushSize returns the size of a push of data.
func pushSize(data int) int {
	switch {
	case data < txscript.OP_PUSHDATA1:
		return 1 + data
	case data <= 0xff:
		return 2 + data
	}
	return 3 + data
}

// sigOps returns the signature operations of a redeem script as nodes count them.
func sigOps(redeem []byte) int {
	pay := append(append([]byte{txscript.OP_HASH160, txscript.OP_DATA_20}, make([]byte, 20)...), txscript.OP_EQUAL)
	push, err := txscript.NewScriptBuilder().AddData(redeem).Script()
	if err != nil {
		return maxSigOps
	}
	return txscript.GetPreciseSigOpCount(push, pay, true)
}

// weight is what makes the size and the signature operations of a transaction.
type weight struct {
	inputs, outputs         int
	inputBytes, outputBytes int
	sigOps                  int
}

// size returns the bytes of the signed transaction at most.
func (w weight) size() int {
	return emptySize + 2*wire.VarIntSerializeSize(uint64(w.inputs)) + wire.VarIntSerializeSize(uint64(w.outputs)) + w.inputBytes + w.outputBytes
}

// allowed reports whether nodes relay a transaction of the weight.
func (w weight) allowed() bool { return w.size() <= MaxSize && w.sigOps <= maxSigOps }

// withOutput returns the weight with another output.
func (w weight) withOutput(out *wire.TxOut) weight {
	w.outputs++
	w.outputBytes += out.SerializeSize()
	w.sigOps += txscript.GetSigOpCount(out.PkScript, true)
	return w
}

// withInput returns the weight with another input.
func (w weight) withInput(c *candidate) weight {
	w.inputs++
	w.inputBytes += c.size
	w.sigOps += c.sigOps
	return w
}
