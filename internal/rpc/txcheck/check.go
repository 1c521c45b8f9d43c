package txcheck

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet/txbuild"
)

// UsualFees is how many times the usual fee a transaction pays at most.
const UsualFees = 10

// Wallet tells what a wallet knows about the inputs and outputs of a transaction.
type Wallet interface {
	// Input fills in what is known about an input, and returns what speaks against spending it,
	// empty if nothing does.
	Input(ctx context.Context, index int, in *api.CheckedInput) (problem string, err error)

	// Output fills in what is known about an output.
	Output(ctx context.Context, index int, out *api.CheckedOutput) error
}

// Request is a transaction, and what is known when it is checked.
type Request struct {
	Params   *chaincfg.Params
	Tx       *wire.MsgTx
	Previous Outputs // those that it spends, as far as they are known

	UsualFee api.Amount // per 1,000 bytes; zero is the least that nodes relay
	Next     int64      // the least height that the next block can have; zero is not known
	Wallet   Wallet     // nil is none
}

// Size refuses a transaction that is larger than nodes relay: its signatures would take long
// to verify.
func Size(tx *wire.MsgTx) error {
	if size := tx.SerializeSize(); size > txbuild.MaxSize {
		return &api.Error{Code: api.CodeRejected, Message: fmt.Sprintf("it has %d bytes, and nodes relay at most %d", size, txbuild.MaxSize)}
	}
	return nil
}

// Check tells what a transaction does, and what speaks against publishing it. Its errors are
// that of Size and those of the wallet.
func Check(ctx context.Context, r *Request) (*api.CheckedTransaction, error) {
	if err := Size(r.Tx); err != nil {
		return nil, err
	}
	c := check{Request: r, out: api.CheckedTransaction{
		TxID: r.Tx.TxHash().String(), Problems: []string{}, Inputs: []api.CheckedInput{}, Outputs: []api.CheckedOutput{},
		Size: r.Tx.SerializeSize(), Expiry: r.Tx.Expiry,
	}}
	if err := c.inputs(ctx); err != nil {
		return nil, err
	}
	if err := c.outputs(ctx); err != nil {
		return nil, err
	}
	if err := txbuild.Refused(r.Tx, r.Params.MaxTxSize); err != nil {
		c.problem("%v", err)
	}
	c.fee()
	if r.Next != 0 && r.Tx.Expiry != wire.NoExpiryValue && int64(r.Tx.Expiry) <= r.Next {
		c.problem("it has expired: its expiry is %d, and the next block has height %d", r.Tx.Expiry, r.Next)
	}
	c.out.Ready = len(c.out.Problems) == 0
	return &c.out, nil
}

// check is a transaction that is being checked.
type check struct {
	*Request
	out api.CheckedTransaction
}

func (c *check) problem(format string, operands ...any) {
	c.out.Problems = append(c.out.Problems, oneLine(fmt.Sprintf(format, operands...)))
}

// oneLine makes one line of the text of several errors.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

// inputs describes the inputs.
func (c *check) inputs(ctx context.Context) error {
	c.out.Signed = true
	for i, in := range c.Tx.TxIn {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		op := in.PreviousOutPoint
		one := api.CheckedInput{TxID: op.Hash.String(), Vout: op.Index, Tree: op.Tree}
		c.signature(i, &one)
		c.out.Signed = c.out.Signed && one.Signature == api.SignatureValid
		if out := c.Previous.Of(in); out != nil {
			amount := api.Amount(out.Value)
			one.Amount, one.Address = &amount, Address(c.Params, out)
		}
		if c.Wallet != nil {
			problem, err := c.Wallet.Input(ctx, i, &one)
			if err != nil {
				return err
			}
			if problem != "" {
				c.problem("input %d %s", i, problem)
			}
		}
		c.out.Inputs = append(c.out.Inputs, one)
	}
	return nil
}

// signature verifies that of an input.
func (c *check) signature(i int, one *api.CheckedInput) {
	switch err := txbuild.VerifyInput(c.Tx, i, c.Previous.Of(c.Tx.TxIn[i])); {
	case err == nil:
		one.Signature = api.SignatureValid
	case errors.Is(err, txbuild.ErrUnsigned):
		one.Signature = api.SignatureMissing
		c.problem("input %d is not signed", i)
	case errors.Is(err, txbuild.ErrUnknown):
		one.Signature = api.SignatureUnknown
		c.problem("input %d spends an output that is not known: its signature cannot be verified", i)
	default:
		one.Signature, one.Error = api.SignatureWrong, oneLine(err.Error())
		c.problem("input %d is signed wrongly: %v", i, err)
	}
}

// outputs describes the outputs.
func (c *check) outputs(ctx context.Context) error {
	for i, out := range c.Tx.TxOut {
		one := api.CheckedOutput{
			Amount: api.Amount(out.Value), Address: Address(c.Params, out),
			Type: stdscript.DetermineScriptType(out.Version, out.PkScript).String(),
		}
		if c.Wallet != nil {
			if err := c.Wallet.Output(ctx, i, &one); err != nil {
				return err
			}
		}
		c.out.Outputs = append(c.out.Outputs, one)
	}
	return nil
}

// fee fills in the fee, if all that is spent is known.
func (c *check) fee() {
	var fee api.Amount
	for _, in := range c.out.Inputs {
		if in.Amount == nil {
			return
		}
		fee += *in.Amount
	}
	for _, out := range c.out.Outputs {
		fee -= out.Amount
	}
	rate := fee * 1000 / api.Amount(c.out.Size)
	c.out.Fee, c.out.FeeRate = &fee, &rate
	const least = api.Amount(txbuild.RelayFee)
	usual := max(c.UsualFee, least)
	switch {
	case fee < 0:
		c.problem("it pays %v DCR more than it spends", -fee)
	case c.out.Signed && rate < least:
		c.problem("it pays %v DCR for 1,000 bytes, and nodes relay nothing below %v", rate, least)
	case c.out.Signed && rate > UsualFees*usual:
		c.problem("it pays %v DCR for 1,000 bytes, more than %d times the usual %v", rate, UsualFees, usual)
	}
}
