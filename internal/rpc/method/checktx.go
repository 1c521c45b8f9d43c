package method

import (
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/txcheck"
	"github.com/spvd/spvd/wallet"
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
			if err := txcheck.Size(tx); err != nil {
				return nil, err
			}
			previous, err := txcheck.PreviousOutputs(c.strings("previous"))
			if err != nil {
				return nil, err
			}
			req := txcheck.Request{
				Params: c.Params.ChainParams, Tx: tx, Previous: previous,
				UsualFee: estimate(c.Params.ChainParams, c.Syncer.Fees(), false).FeeRate,
				Next:     int64(c.Syncer.Status().Tip.Height) + 1,
			}
			w, err := c.open()
			switch {
			case errors.Is(err, errNoDefault):
			case err != nil:
				return nil, err
			default:
				checking := walletCheck{w, tx}
				if err := checking.fetch(ctx, previous); err != nil {
					return nil, err
				}
				req.Wallet = checking
			}
			return txcheck.Check(ctx, &req)
		},
	}
}

// walletCheck is what a wallet knows about a transaction that is checked.
type walletCheck struct {
	w  *wallet.Wallet
	tx *wire.MsgTx
}

// fetch adds the previous outputs that the wallet has.
func (k walletCheck) fetch(ctx context.Context, previous txcheck.Outputs) error {
	for _, in := range k.tx.TxIn {
		if previous.Of(in) != nil {
			continue
		}
		op := in.PreviousOutPoint
		t, err := k.w.Transaction(ctx, op.Hash)
		switch {
		case errors.Is(err, wallet.ErrNoTransaction):
		case err != nil:
			return err
		case int(op.Index) < len(t.Tx.TxOut):
			previous.Add(in, t.Tx.TxOut[op.Index])
		}
	}
	return nil
}

// Input fills in the account of an input and whether it is spent.
func (k walletCheck) Input(ctx context.Context, index int, in *api.CheckedInput) (string, error) {
	if in.Address != "" {
		info, err := k.w.AddressInfo(ctx, in.Address)
		if err != nil {
			return "", err
		}
		in.Account = info.Account
	}
	op := k.tx.TxIn[index].PreviousOutPoint
	coin, err := k.w.Output(ctx, op, true)
	switch {
	case errors.Is(err, wallet.ErrSpent):
		if known, err := k.own(ctx); err != nil || known {
			return "", err
		}
		in.Spent = true
		return "spends what another transaction spends", nil
	case errors.Is(err, wallet.ErrNoOutput):
		return "", nil
	case err != nil:
		return "", err
	case coin.OutPoint.Tree != op.Tree:
		return fmt.Sprintf("names tree %d, and its output is in tree %d", op.Tree, coin.OutPoint.Tree), nil
	case coin.Source == wallet.FromTicket:
		return "spends a ticket", nil
	case !coin.Mature:
		return "spends an output that cannot be spent yet", nil
	}
	return "", nil
}

// own reports whether the wallet has the transaction already.
func (k walletCheck) own(ctx context.Context) (bool, error) {
	_, err := k.w.Transaction(ctx, k.tx.TxHash())
	if errors.Is(err, wallet.ErrNoTransaction) {
		return false, nil
	}
	return err == nil, err
}

// Output fills in the account and the label of an output.
func (k walletCheck) Output(ctx context.Context, _ int, out *api.CheckedOutput) error {
	if out.Address == "" {
		return nil
	}
	info, err := k.w.AddressInfo(ctx, out.Address)
	if err != nil {
		return err
	}
	out.Account, out.Label = info.Account, info.Label
	out.Change = info.Derived && info.Branch == wallet.Internal
	return nil
}
