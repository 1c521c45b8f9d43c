package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/txcheck"
)

// maxTxFile is the most bytes that are read of a file with a transaction: one of 100,000 bytes
// with 600 previous ones of that size.
const maxTxFile = 200 << 20

// txFile is a transaction in a file.
type txFile struct {
	name  string
	hex   string
	tx    *wire.MsgTx
	built *builtFile // nil if the file has the transaction alone
}

// readTx reads a transaction in hex, or what tx build wrote, from a file; - is standard input.
func (in *invocation) readTx(name string) (*txFile, error) {
	source := io.Reader(in.in)
	if name == stdinWord {
		name = "standard input"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the transaction: %w", err)
		}
		defer file.Close()
		source = file
	}
	raw, err := io.ReadAll(io.LimitReader(source, maxTxFile))
	if err != nil {
		return nil, fmt.Errorf("read the transaction: %w", err)
	}
	f := &txFile{name: name, hex: strings.TrimSpace(string(raw))}
	if strings.HasPrefix(f.hex, "{") {
		f.built = &builtFile{name: name}
		if err := json.Unmarshal(raw, &f.built.BuiltTransaction); err != nil || f.built.Hex == "" {
			return nil, fmt.Errorf("read the transaction: %s is neither hex nor what spvctl tx build wrote", name)
		}
		f.hex = f.built.Hex
	}
	serialized, err := hex.DecodeString(f.hex)
	if err != nil {
		return nil, fmt.Errorf("read the transaction: %s is neither hex nor what spvctl tx build wrote", name)
	}
	if f.tx, err = parse.Tx(serialized); err != nil || len(f.tx.TxIn) == 0 {
		return nil, fmt.Errorf("read the transaction: the hex in %s is not a transaction", name)
	}
	if f.built != nil {
		return f, f.built.complete(f.tx)
	}
	return f, nil
}

// builtFile is what tx build wrote to a file, which may have been changed since.
type builtFile struct {
	api.BuiltTransaction
	name    string
	params  *chaincfg.Params
	outputs txcheck.Outputs // of the previous transactions
}

// complete fills in the network and the previous outputs. It returns an error if the file states
// about its transaction, of which a signer reads the description, what is not so.
func (f *builtFile) complete(tx *wire.MsgTx) error {
	if f.params = network(f.Network); f.params == nil {
		return fmt.Errorf("read the transaction: %s is for the network %q, which spvctl does not know", f.name, f.Network)
	}
	var err error
	if f.outputs, err = txcheck.PreviousOutputs(f.previous()); err != nil {
		return fmt.Errorf("read %s: %w", f.name, err)
	}
	if id := tx.TxHash().String(); f.TxID != id {
		return f.wrong("its txid is %s, and that of its hex %s", f.TxID, id)
	}
	for i, p := range f.Previous {
		raw, _ := hex.DecodeString(p.Hex) // decoded before
		if id, err := parse.TxID(raw); err != nil || p.TxID != id.String() {
			return f.wrong("its previous transaction %d is listed as %s, and it is %v", i, p.TxID, id)
		}
	}
	if f.Expiry != tx.Expiry {
		return f.wrong("its expiry is %d, and that of its hex %d", f.Expiry, tx.Expiry)
	}
	if len(f.Inputs) != len(tx.TxIn) || len(f.Outputs) != len(tx.TxOut) {
		return f.wrong("it lists %d inputs and %d outputs, and its hex has %d and %d", len(f.Inputs), len(f.Outputs), len(tx.TxIn), len(tx.TxOut))
	}
	for i := range f.Inputs {
		if err := f.checkInput(i, tx.TxIn[i]); err != nil {
			return err
		}
	}
	for i := range f.Outputs {
		one, out := &f.Outputs[i], tx.TxOut[i]
		if err := f.checkOutput(fmt.Sprintf("output %d", i), one.Amount, one.Address, one.ScriptPubKey, out); err != nil {
			return err
		}
	}
	return f.checkFee(tx)
}

// previous returns the previous transactions in hex.
func (f *builtFile) previous() []string {
	list := make([]string, len(f.Previous))
	for i := range f.Previous {
		list[i] = f.Previous[i].Hex
	}
	return list
}

func (f *builtFile) wrong(format string, operands ...any) error {
	return fmt.Errorf("%s contradicts itself, do not sign or send it: %s", f.name, fmt.Sprintf(format, operands...))
}

// checkInput compares what the file states about an input with what the input spends.
func (f *builtFile) checkInput(i int, in *wire.TxIn) error {
	one, op := &f.Inputs[i], in.PreviousOutPoint
	if one.TxID != op.Hash.String() || one.Vout != op.Index || one.Tree != op.Tree {
		return f.wrong("input %d is listed as %s:%d in tree %d, and in its hex it is %v:%d in tree %d", i, one.TxID, one.Vout, one.Tree, op.Hash, op.Index, op.Tree)
	}
	out := f.outputs.Of(in)
	if out == nil {
		return nil
	}
	return f.checkOutput(fmt.Sprintf("what input %d spends", i), one.Amount, one.Address, one.ScriptPubKey, out)
}

// checkOutput compares what the file states about an output with the output.
func (f *builtFile) checkOutput(what string, amount api.Amount, address, script string, out *wire.TxOut) error {
	if amount != api.Amount(out.Value) {
		return f.wrong("%s is listed with %v DCR, and it has %v", what, amount, api.Amount(out.Value))
	}
	if has := txcheck.Address(f.params, out); address != has {
		return f.wrong("%s is listed with the address %s, and it has %s", what, cmp.Or(address, "none"), cmp.Or(has, "none"))
	}
	if has := hex.EncodeToString(out.PkScript); script != has {
		return f.wrong("%s is listed with the script %s, and it has %s", what, cmp.Or(script, "none"), cmp.Or(has, "none"))
	}
	return nil
}

// checkFee compares the fee that the file states with that of its transaction, if that is known.
func (f *builtFile) checkFee(tx *wire.MsgTx) error {
	if !f.outputs.Complete(tx) {
		return nil
	}
	var fee api.Amount
	for _, in := range tx.TxIn {
		fee += api.Amount(f.outputs.Of(in).Value)
	}
	for _, out := range tx.TxOut {
		fee -= api.Amount(out.Value)
	}
	if f.Fee != fee {
		return f.wrong("its fee is listed as %v DCR, and it is %v", f.Fee, fee)
	}
	return nil
}

// Input implements txcheck.Wallet: the account is the one that the file states.
func (f *builtFile) Input(_ context.Context, index int, in *api.CheckedInput) (string, error) {
	in.Account = f.Inputs[index].Account
	return "", nil
}

// Output implements txcheck.Wallet: what is change, and of which account, is what the file states.
func (f *builtFile) Output(_ context.Context, index int, out *api.CheckedOutput) error {
	one := &f.Outputs[index]
	out.Change = one.Change
	if one.Key != nil {
		out.Account = one.Key.Account
	}
	return nil
}
