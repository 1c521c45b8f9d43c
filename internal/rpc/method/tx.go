package method

import (
	"context"
	"encoding/hex"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"
)

// txMethods returns the methods about transactions in general.
func txMethods() []Method {
	return []Method{
		decodeRawTransaction(),
	}
}

func decodeRawTransaction() Method {
	return Method{
		Name:    "decoderawtransaction",
		Reads:   true,
		Summary: "Spells out a serialized transaction.",
		Params:  []param{{name: "hextx", kind: kindString, text: "The transaction in hex."}},
		Result:  "the transaction as dcrd shows it",
		Returns: []any{types.TxRawDecodeResult{}},
		Example: `["` + exampleRawTx + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			tx, err := c.transaction("hextx")
			if err != nil {
				return nil, err
			}
			return types.TxRawDecodeResult{
				Txid:     tx.TxHash().String(),
				Version:  int32(tx.Version),
				Locktime: tx.LockTime,
				Expiry:   tx.Expiry,
				Vin:      verboseInputs(tx),
				Vout:     verboseOutputs(tx, c.Params.ChainParams),
			}, nil
		},
	}
}

// commitmentType is the script type of the outputs of a ticket that commit to the
// addresses and amounts that its value returns to.
const commitmentType = "sstxcommitment"

// verboseInputs spells out the inputs of a transaction as dcrd does. What
// creates coins names the kind of its first input; all other inputs name the
// output they spend.
func verboseInputs(tx *wire.MsgTx) []types.Vin {
	inputs := make([]types.Vin, len(tx.TxIn))
	left := mostWords
	for i, in := range tx.TxIn {
		inputs[i] = types.Vin{
			Sequence:    in.Sequence,
			AmountIn:    dcrutil.Amount(in.ValueIn).ToCoin(),
			BlockHeight: in.BlockHeight,
			BlockIndex:  in.BlockIndex,
		}
		if i == 0 && markOrigin(&inputs[0], tx) {
			continue
		}
		inputs[i].Txid = in.PreviousOutPoint.Hash.String()
		inputs[i].Vout = in.PreviousOutPoint.Index
		inputs[i].Tree = in.PreviousOutPoint.Tree
		inputs[i].ScriptSig = &types.ScriptSig{
			Asm: spellOut(in.SignatureScript, &left),
			Hex: hex.EncodeToString(in.SignatureScript),
		}
	}
	return inputs
}

// markOrigin marks the first input of a transaction that creates coins, and
// reports whether it is one. A treasury base and a treasury spend look like a
// coinbase too, so they are recognised first.
func markOrigin(first *types.Vin, tx *wire.MsgTx) bool {
	script := hex.EncodeToString(tx.TxIn[0].SignatureScript)
	switch {
	case standalone.IsTreasuryBase(tx):
		first.Treasurybase = true
	case stake.IsTSpend(tx):
		first.TreasurySpend = script
	case standalone.IsCoinBaseTx(tx, false):
		first.Coinbase = script
	case stake.IsSSGen(tx):
		first.Stakebase = script
	default:
		return false
	}
	return true
}

// verboseOutputs spells out the outputs of a transaction as dcrd does.
func verboseOutputs(tx *wire.MsgTx, params *chaincfg.Params) []types.Vout {
	ticket := stake.IsSStx(tx)
	outputs := make([]types.Vout, len(tx.TxOut))
	left := mostWords
	for i, out := range tx.TxOut {
		script := types.ScriptPubKeyResult{
			Asm:     spellOut(out.PkScript, &left),
			Hex:     hex.EncodeToString(out.PkScript),
			Version: out.Version,
		}
		if ticket && i%2 == 1 {
			describeCommitment(&script, out.PkScript, params)
		} else {
			kind, addrs := stdscript.ExtractAddrs(out.Version, out.PkScript, params)
			script.Type = kind.String()
			script.ReqSigs = int32(stdscript.DetermineRequiredSigs(out.Version, out.PkScript))
			script.Addresses = encodeAddrs(addrs)
		}
		outputs[i] = types.Vout{
			Value:        dcrutil.Amount(out.Value).ToCoin(),
			N:            uint32(i),
			Version:      out.Version,
			ScriptPubKey: script,
		}
	}
	return outputs
}

// describeCommitment fills in the address and the amount that a ticket commits to. An
// output that does not decode commits to nothing.
func describeCommitment(script *types.ScriptPubKeyResult, pkScript []byte, params *chaincfg.Params) {
	script.Type = commitmentType
	if addr, err := stake.AddrFromSStxPkScrCommitment(pkScript, params); err == nil {
		script.Addresses = []string{addr.String()}
	}
	if amount, err := stake.AmountFromSStxPkScrCommitment(pkScript); err == nil {
		coins := amount.ToCoin()
		script.CommitAmt = &coins
	}
}

func encodeAddrs(addrs []stdaddr.Address) []string {
	encoded := make([]string, len(addrs))
	for i, a := range addrs {
		encoded[i] = a.String()
	}
	return encoded
}

// mostWords is how many bytes the words of all scripts of the inputs of a transaction have at
// most, and those of its outputs. What nodes relay has less; a transaction of opcodes with long
// names would have twelve times its size.
const mostWords = 1 << 20

// leftOut stands for the words of a script that is not spelled out.
const leftOut = "[left out]"

// spellOut returns a script of a transaction in words, and subtracts their length from what is
// left for the transaction. A script that is too large to run, or for what is left, is left out.
func spellOut(script []byte, left *int) string {
	if len(script) > txscript.MaxScriptSize {
		return leftOut
	}
	text := disassemble(script)
	if len(text) > *left {
		return leftOut
	}
	*left -= len(text)
	return text
}

// disassemble returns a script in words; what does not parse shows as [error]
// in the text.
func disassemble(script []byte) string {
	text, _ := txscript.DisasmString(script)
	return text
}
