package txbuild

import (
	"fmt"
	"math"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
)

// Coin is an unspent output that a transaction may spend.
type Coin struct {
	OutPoint wire.OutPoint
	Amount   dcrutil.Amount
	PkScript []byte

	// RedeemScript is that of a pay-to-script-hash output; nil if it is unknown.
	RedeemScript []byte
}

// Request is what a transaction shall do.
type Request struct {
	// Outputs are what it pays. Without any, all of the coins go to Change, or unless All is set the
	// largest ones that one transaction holds.
	Outputs []*wire.TxOut

	// Coins are what it may spend. With All it spends every one of them; otherwise none
	// that is worth less than its part of the fee or whose signature script is unknown,
	// and with outputs as few as are needed.
	Coins []Coin
	All   bool

	// Change is the payment script that gets what is left. Without one, what is left is
	// part of the fee if it is too little to be an output, and an error otherwise.
	Change []byte

	// ChangeAt chooses the place of the change among the outputs, counted modulo their
	// number: a random number hides which of the outputs it is.
	ChangeAt uint32

	// FeeRate is the fee for 1,000 bytes in atoms. The request is refused below RelayFee
	// and above MaxFeeRate, above which the fee is in no case.
	FeeRate, MaxFeeRate dcrutil.Amount

	// Expiry is the first height at which it cannot be mined; zero is never. Height is
	// that of the newest block. LockTime is taken as it is.
	Expiry   uint32
	Height   int64
	LockTime uint32
}

// Result is an unsigned transaction.
type Result struct {
	Tx *wire.MsgTx

	// Coins are what the inputs spend, in their order.
	Coins []Coin

	// Change is the index of the output with the change, -1 without one.
	Change int

	// Fee is what it pays, and Size how many bytes it has at most once it is signed.
	Fee  dcrutil.Amount
	Size int

	// Left is how many coins, without Outputs, are for further transactions.
	Left int

	// Idle is how many coins were worth less than their part of the fee, Unknown how many
	// have a signature script that is unknown: neither are spent unless the request says
	// All.
	Idle, Unknown int
}

// Build returns the transaction of a request. The error is one of this package.
func Build(r *Request) (*Result, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	b := builder{Request: r, result: &Result{Change: -1}}
	var err error
	if b.pay, err = checkOutputs(r.Outputs, RelayFee); err != nil {
		return nil, err
	}
	for _, out := range r.Outputs {
		b.base = b.base.withOutput(out)
	}
	if err := b.admit(); err != nil {
		return nil, err
	}
	if err := b.pick(); err != nil {
		return nil, err
	}
	return b.finish(), nil
}

// check refuses a request that no coins could serve.
func (r *Request) check() error {
	switch {
	case r.FeeRate < RelayFee:
		return fmt.Errorf("%w: %v for 1,000 bytes, and nodes relay nothing below %v", ErrFeeRate, r.FeeRate, RelayFee)
	case r.FeeRate > r.MaxFeeRate:
		return fmt.Errorf("%w: %v for 1,000 bytes is above the limit of %v", ErrFeeRate, r.FeeRate, r.MaxFeeRate)
	case r.MaxFeeRate > dcrutil.MaxAmount/MaxSize:
		return fmt.Errorf("%w: the limit of %v for 1,000 bytes", ErrFeeRate, r.MaxFeeRate)
	case r.Expiry != wire.NoExpiryValue && int64(r.Expiry) <= r.Height+1:
		return fmt.Errorf("%w: %d, and the next block has height %d", ErrExpiry, r.Expiry, r.Height+1)
	case len(r.Outputs) == 0 && r.Change == nil:
		return fmt.Errorf("%w: it pays nothing", ErrRequest)
	case r.Change != nil:
		return checkChange(r.Change)
	}
	return nil
}

// builder is a request that is being served.
type builder struct {
	*Request
	base   weight         // of the outputs that are asked for
	pay    dcrutil.Amount // their sum
	usable []candidate    // the coins that may be spent

	picked []candidate // the coins that are spent
	change dcrutil.Amount
	result *Result
}

// changeOutput returns the output for an amount of change.
func (b *builder) changeOutput(amount dcrutil.Amount) *wire.TxOut {
	return wire.NewTxOut(int64(amount), b.Change)
}

// finish makes the transaction of the picked coins.
func (b *builder) finish() *Result {
	tx := wire.NewMsgTx()
	tx.Expiry, tx.LockTime = b.Expiry, b.LockTime
	total, w := dcrutil.Amount(0), b.base
	for i := range b.picked {
		c := &b.picked[i]
		in := wire.NewTxIn(&c.OutPoint, int64(c.Amount), nil)
		if b.LockTime != 0 {
			in.Sequence = math.MaxUint32 - 1 // or the lock time would not count
		}
		tx.AddTxIn(in)
		b.result.Coins = append(b.result.Coins, c.Coin)
		total += c.Amount
		w = w.withInput(c)
	}
	for _, out := range b.Outputs {
		tx.AddTxOut(&wire.TxOut{Value: out.Value, Version: out.Version, PkScript: out.PkScript})
	}
	if b.change > 0 {
		out := b.changeOutput(b.change)
		w = w.withOutput(out)
		at := int(b.ChangeAt % uint32(len(tx.TxOut)+1))
		tx.TxOut = append(tx.TxOut, out)
		copy(tx.TxOut[at+1:], tx.TxOut[at:])
		tx.TxOut[at] = out
		b.result.Change = at
	}
	b.result.Tx, b.result.Size = tx, w.size()
	b.result.Fee = total - b.pay - b.change
	return b.result
}
