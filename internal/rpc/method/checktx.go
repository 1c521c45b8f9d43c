package method

import (
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
	"github.com/spvd/spvd/wallet/txbuild"
)

func checkTransaction() Method {
	return Method{
		Name:    "checktransaction",
		Keys:    true,
		Reads:   true,
		Summary: "Tells what a transaction pays from what, and whether it is rightly signed, before it is published.",
		Help: "The script engine runs over every input whose previous output is known: from the transactions in previous, whose hashes prove them, or from the wallet. " +
			"signature is valid, wrong, missing, or unknown without the previous output. problems are what speaks against publishing it: signatures, a fee that is too low or " +
			"above ten times the usual, coins that are spent or immature, an expiry that has passed, and what nodes do not relay. Nothing is sent.",
		Params: []param{
			{name: "hextx", kind: kindString, text: "The transaction in hex, signed or not."},
			{name: "previous", kind: kindStrings, optional: true, def: []string(nil), text: "Transactions in hex that it spends outputs of, where the wallet does not have them."},
		},
		Result:  "an object with all inputs and outputs, the fee, and problems",
		Returns: []any{api.CheckedTransaction{}},
		Example: `["` + exampleRawTx + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			tx, err := c.transaction("hextx")
			if err != nil {
				return nil, err
			}
			if size := tx.SerializeSize(); size > txbuild.MaxSize { // its signatures would take long to verify
				return nil, fail(api.CodeRejected, "it has %d bytes, and nodes relay at most %d", size, txbuild.MaxSize)
			}
			previous, err := previousOutputs(c.strings("previous"))
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil && !errors.Is(err, errNoDefault) {
				return nil, err
			}
			k := checking{Call: c, w: w, tx: tx, previous: previous}
			return k.check(ctx)
		},
	}
}

// checking is a transaction that is being checked.
type checking struct {
	*Call
	w        *wallet.Wallet // nil for none
	tx       *wire.MsgTx
	previous map[wire.OutPoint]*wire.TxOut
	out      api.CheckedTransaction
}

func (k *checking) check(ctx context.Context) (any, error) {
	k.out = api.CheckedTransaction{
		TxID: k.tx.TxHash().String(), Problems: []string{}, Inputs: []api.CheckedInput{}, Outputs: []api.CheckedOutput{},
		Size: k.tx.SerializeSize(), Expiry: k.tx.Expiry,
	}
	if err := k.fetch(ctx); err != nil {
		return nil, err
	}
	if err := k.inputs(ctx); err != nil {
		return nil, err
	}
	if err := k.outputs(ctx); err != nil {
		return nil, err
	}
	if err := txbuild.Refused(k.tx, k.Params.ChainParams.MaxTxSize); err != nil {
		k.problem("%v", err)
	}
	k.fee()
	tip := k.Syncer.Status().Tip.Height
	if k.tx.Expiry != wire.NoExpiryValue && int64(k.tx.Expiry) <= int64(tip)+1 {
		k.problem("it has expired: its expiry is %d, and the next block has height %d", k.tx.Expiry, tip+1)
	}
	k.out.Ready = len(k.out.Problems) == 0
	return k.out, nil
}

func (k *checking) problem(format string, operands ...any) {
	k.out.Problems = append(k.out.Problems, oneLine(fmt.Sprintf(format, operands...)))
}

// fetch adds the previous outputs that the wallet has.
func (k *checking) fetch(ctx context.Context) error {
	for _, in := range k.tx.TxIn {
		op := bare(in.PreviousOutPoint)
		if k.previous[op] != nil || k.w == nil {
			continue
		}
		t, err := k.w.Transaction(ctx, op.Hash)
		switch {
		case errors.Is(err, wallet.ErrNoTransaction):
		case err != nil:
			return err
		case int(op.Index) < len(t.Tx.TxOut):
			k.previous[op] = t.Tx.TxOut[op.Index]
		}
	}
	return nil
}

// bare returns an outpoint without its tree.
func bare(op wire.OutPoint) wire.OutPoint { return wire.OutPoint{Hash: op.Hash, Index: op.Index} }

// inputs describes the inputs.
func (k *checking) inputs(ctx context.Context) error {
	k.out.Signed = true
	for i, in := range k.tx.TxIn {
		op := in.PreviousOutPoint
		one := api.CheckedInput{TxID: op.Hash.String(), Vout: op.Index, Tree: op.Tree, Signature: api.SignatureValid}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch err := txbuild.VerifyInput(k.tx, i, k.previous[bare(op)]); {
		case err == nil:
		case errors.Is(err, txbuild.ErrUnsigned):
			one.Signature = api.SignatureMissing
			k.problem("input %d is not signed", i)
		case errors.Is(err, txbuild.ErrUnknown):
			one.Signature = api.SignatureUnknown
			k.problem("input %d spends an output that is not known: its signature cannot be verified", i)
		default:
			one.Signature, one.Error = api.SignatureWrong, oneLine(err.Error())
			k.problem("input %d is signed wrongly: %v", i, err)
		}
		k.out.Signed = k.out.Signed && one.Signature == api.SignatureValid
		if out := k.previous[bare(op)]; out != nil {
			amount := api.Amount(out.Value)
			one.Amount, one.Address = &amount, view.OutputAddress(k.Params.ChainParams, out)
		}
		if err := k.coin(ctx, i, &one); err != nil {
			return err
		}
		k.out.Inputs = append(k.out.Inputs, one)
	}
	return nil
}

// coin fills in what the wallet says about the coin of an input.
func (k *checking) coin(ctx context.Context, i int, one *api.CheckedInput) error {
	if k.w == nil {
		return nil
	}
	if one.Address != "" {
		info, err := k.w.AddressInfo(ctx, one.Address)
		if err != nil {
			return err
		}
		one.Account = info.Account
	}
	op := k.tx.TxIn[i].PreviousOutPoint
	coin, err := k.w.Output(ctx, op, true)
	switch {
	case errors.Is(err, wallet.ErrSpent):
		if known, err := k.own(ctx); err != nil || known {
			return err
		}
		one.Spent = true
		k.problem("input %d spends what another transaction spends", i)
	case errors.Is(err, wallet.ErrNoOutput):
	case err != nil:
		return err
	case coin.OutPoint.Tree != op.Tree:
		k.problem("input %d names tree %d, and its output is in tree %d", i, op.Tree, coin.OutPoint.Tree)
	case coin.Source == wallet.FromTicket:
		k.problem("input %d spends a ticket", i)
	case !coin.Mature:
		k.problem("input %d spends an output that cannot be spent yet", i)
	}
	return nil
}

// own reports whether the wallet has the transaction already.
func (k *checking) own(ctx context.Context) (bool, error) {
	_, err := k.w.Transaction(ctx, k.tx.TxHash())
	if errors.Is(err, wallet.ErrNoTransaction) {
		return false, nil
	}
	return err == nil, err
}

// outputs describes the outputs.
func (k *checking) outputs(ctx context.Context) error {
	for _, out := range k.tx.TxOut {
		one := api.CheckedOutput{
			Amount: api.Amount(out.Value), Address: view.OutputAddress(k.Params.ChainParams, out),
			Type: stdscript.DetermineScriptType(out.Version, out.PkScript).String(),
		}
		if one.Address != "" && k.w != nil {
			info, err := k.w.AddressInfo(ctx, one.Address)
			if err != nil {
				return err
			}
			one.Account, one.Label = info.Account, info.Label
			one.Change = info.Derived && info.Branch == wallet.Internal
		}
		k.out.Outputs = append(k.out.Outputs, one)
	}
	return nil
}

// fee fills in the fee, if all that is spent is known.
func (k *checking) fee() {
	var fee api.Amount
	for _, in := range k.out.Inputs {
		if in.Amount == nil {
			return
		}
		fee += *in.Amount
	}
	for _, out := range k.out.Outputs {
		fee -= out.Amount
	}
	rate := fee * 1000 / api.Amount(k.out.Size)
	k.out.Fee, k.out.FeeRate = &fee, &rate
	usual := estimate(k.Params.ChainParams, k.Syncer.Fees(), false).FeeRate
	switch {
	case fee < 0:
		k.problem("it pays %v DCR more than it spends", -fee)
	case k.out.Signed && rate < api.Amount(relayFee):
		k.problem("it pays %v DCR for 1,000 bytes, and nodes relay nothing below %v", rate, api.Amount(relayFee))
	case k.out.Signed && rate > usualFees*usual:
		k.problem("it pays %v DCR for 1,000 bytes, more than %d times the usual %v", rate, usualFees, usual)
	}
}
