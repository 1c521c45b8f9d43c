package view

import (
	"encoding/hex"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/txcheck"
	"github.com/spvd/spvd/wallet"
)

// RawTx returns a transaction in hex.
func RawTx(tx *wire.MsgTx) (string, error) {
	raw, err := tx.Bytes()
	return hex.EncodeToString(raw), err
}

// Built translates a transaction that was built, without the fields about the fee rate.
func Built(params *chaincfg.Params, b *wallet.Built) (api.BuiltTransaction, error) {
	out := api.BuiltTransaction{
		Network: params.Name, TxID: b.Tx.TxHash().String(),
		Inputs: []api.BuiltInput{}, Outputs: []api.BuiltOutput{}, Previous: []api.PreviousTransaction{},
		Fee: api.Amount(b.Fee), Size: b.Size, Expiry: b.Tx.Expiry, Height: int64(b.Tip.Height),
		Uneconomic: b.Idle, Unsignable: b.Unknown, Left: b.Left,
	}
	if !b.Until.IsZero() {
		out.ReservedUntil = b.Until.Unix()
	}
	var err error
	if out.Hex, err = RawTx(b.Tx); err != nil {
		return out, err
	}
	seen := make(map[string]bool)
	for i := range b.Inputs {
		in := &b.Inputs[i]
		out.Inputs = append(out.Inputs, builtInput(in))
		id := in.OutPoint.Hash.String()
		if seen[id] {
			continue
		}
		seen[id] = true
		raw, err := RawTx(in.Previous)
		if err != nil {
			return out, err
		}
		out.Previous = append(out.Previous, api.PreviousTransaction{TxID: id, Hex: raw})
	}
	for i, o := range b.Tx.TxOut {
		one := api.BuiltOutput{Amount: api.Amount(o.Value), Address: txcheck.Address(params, o), ScriptPubKey: hex.EncodeToString(o.PkScript), Change: i == b.Change}
		if i == b.Change && b.ChangeTo != nil {
			one.Key = &api.KeyPath{Account: b.ChangeTo.Account, AccountIndex: b.ChangeIndex, Branch: b.ChangeTo.Branch, Index: b.ChangeTo.Index}
		}
		out.Outputs = append(out.Outputs, one)
	}
	return out, nil
}

func builtInput(in *wallet.BuiltInput) api.BuiltInput {
	out := api.BuiltInput{
		TxID: in.OutPoint.Hash.String(), Vout: in.OutPoint.Index, Tree: in.OutPoint.Tree, Amount: api.Amount(in.Amount),
		ScriptPubKey: hex.EncodeToString(in.PkScript), RedeemScript: hex.EncodeToString(in.RedeemScript),
		Address: in.Address, Account: in.Account, Confirmations: in.Confirmations, Keys: []api.KeyPath{},
	}
	for _, k := range in.Keys {
		out.Keys = append(out.Keys, api.KeyPath{
			Account: k.Account, AccountIndex: k.AccountIndex, Branch: k.Branch, Index: k.Index, PubKey: hex.EncodeToString(k.PublicKey),
		})
	}
	return out
}
