package txbuild

import (
	"fmt"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"
)

// checkOutputs returns the sum of outputs, or ErrOutput for one that nodes would refuse.
func checkOutputs(outputs []*wire.TxOut, relayFee dcrutil.Amount) (sum dcrutil.Amount, err error) {
	data := 0
	for i, out := range outputs {
		kind, err := checkOutput(out, relayFee)
		if err != nil {
			return 0, fmt.Errorf("output %d: %w", i, err)
		}
		if kind == stdscript.STNullData {
			data++
		}
		if sum += dcrutil.Amount(out.Value); sum > dcrutil.MaxAmount {
			return 0, fmt.Errorf("%w: all outputs together exceed the coins that there can be", ErrOutput)
		}
	}
	if data > maxNullData {
		return 0, fmt.Errorf("%w: %d outputs hold only data, and nodes relay at most %d", ErrOutput, data, maxNullData)
	}
	return sum, nil
}

// checkOutput returns the type of an output, or ErrOutput.
func checkOutput(out *wire.TxOut, relayFee dcrutil.Amount) (stdscript.ScriptType, error) {
	kind := stdscript.DetermineScriptType(out.Version, out.PkScript)
	switch kind {
	case stdscript.STPubKeyEcdsaSecp256k1, stdscript.STPubKeyEd25519, stdscript.STPubKeySchnorrSecp256k1,
		stdscript.STPubKeyHashEcdsaSecp256k1, stdscript.STPubKeyHashEd25519, stdscript.STPubKeyHashSchnorrSecp256k1,
		stdscript.STScriptHash:
	case stdscript.STNullData:
		if out.Value != 0 {
			return kind, fmt.Errorf("%w: data with %v would lose them", ErrOutput, dcrutil.Amount(out.Value))
		}
		return kind, nil
	case stdscript.STMultiSig:
		if n := stdscript.ExtractMultiSigScriptDetailsV0(out.PkScript, false).NumPubKeys; n > maxMultiSigKeys {
			return kind, fmt.Errorf("%w: its script names %d keys, and nodes relay at most %d; pay to the hash of the script", ErrOutput, n, maxMultiSigKeys)
		}
	default:
		return kind, fmt.Errorf("%w: a script of version %d and type %s", ErrOutput, out.Version, kind)
	}
	switch {
	case out.Value <= 0 || out.Value > dcrutil.MaxAmount:
		return kind, fmt.Errorf("%w: an amount of %d atoms", ErrOutput, out.Value)
	case isDust(out, relayFee):
		return kind, fmt.Errorf("%w: %v is dust, less than it costs to spend", ErrOutput, dcrutil.Amount(out.Value))
	}
	return kind, nil
}

// checkChange refuses a change script that nodes would not relay an output for.
func checkChange(script []byte) error {
	switch kind := stdscript.DetermineScriptTypeV0(script); kind {
	case stdscript.STPubKeyEcdsaSecp256k1, stdscript.STPubKeyEd25519, stdscript.STPubKeySchnorrSecp256k1,
		stdscript.STPubKeyHashEcdsaSecp256k1, stdscript.STPubKeyHashEd25519, stdscript.STPubKeyHashSchnorrSecp256k1,
		stdscript.STScriptHash:
		return nil
	default:
		return fmt.Errorf("%w: change to a script of type %s", ErrOutput, kind)
	}
}
