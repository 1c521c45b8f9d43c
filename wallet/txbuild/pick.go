package txbuild

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
)

// candidate is a coin with what its input adds to a transaction.
type candidate struct {
	Coin
	size   int // of the input in bytes, at most
	sigOps int
}

// newCandidate returns the candidate of a coin, or ErrScript.
func newCandidate(c Coin) (candidate, error) {
	script, _, err := sigScriptSize(c.PkScript, c.RedeemScript)
	if err != nil {
		return candidate{}, fmt.Errorf("coin %s: %w", c.OutPoint, err)
	}
	out := candidate{Coin: c, size: inputSize + wire.VarIntSerializeSize(uint64(script)) + script}
	if c.RedeemScript != nil {
		out.sigOps = sigOps(c.RedeemScript)
	}
	return out, nil
}

// admit fills in the coins that may be spent, the largest first.
func (b *builder) admit() error {
	var sum dcrutil.Amount
	for _, c := range b.Coins {
		if sum += c.Amount; c.Amount < 0 || c.Amount > dcrutil.MaxAmount || sum > dcrutil.MaxAmount {
			return fmt.Errorf("%w: the amount of coin %s is wrong", ErrRequest, c.OutPoint)
		}
		one, err := newCandidate(c)
		switch {
		case err != nil && b.All:
			return err
		case err != nil:
			b.result.Unknown++
		case !b.All && c.Amount <= feeAt(b.FeeRate, one.size):
			b.result.Idle++
		default:
			b.usable = append(b.usable, one)
		}
	}
	slices.SortFunc(b.usable, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.Amount, x.Amount), bytes.Compare(x.OutPoint.Hash[:], y.OutPoint.Hash[:]),
			cmp.Compare(x.OutPoint.Index, y.OutPoint.Index))
	})
	for i := 1; i < len(b.usable); i++ {
		if x, y := b.usable[i-1].OutPoint, b.usable[i].OutPoint; x.Hash == y.Hash && x.Index == y.Index {
			return fmt.Errorf("%w: coin %s is given twice", ErrRequest, x)
		}
	}
	return nil
}

// pick chooses the coins to spend: every one if that is asked for, or the smallest one that is enough alone, or
// the largest ones until they are enough.
func (b *builder) pick() error {
	if b.All || len(b.Outputs) == 0 {
		return b.pickAll()
	}
	for i := len(b.usable) - 1; i >= 0; i-- {
		if b.enough(b.usable[i : i+1]) {
			b.picked = b.usable[i : i+1]
			return b.fits(b.picked)
		}
	}
	for n := 2; n <= len(b.usable); n++ {
		if err := b.fits(b.usable[:n-1]); err != nil {
			return err
		}
		if b.enough(b.usable[:n]) {
			b.picked = b.usable[:n]
			return b.fits(b.picked)
		}
	}
	return b.short()
}

// pickAll spends every coin that may be spent, or unless all are asked for the largest ones that fit.
func (b *builder) pickAll() error {
	coins := b.usable
	if !b.All {
		coins = coins[:b.fitting(coins)]
		b.result.Left = len(b.usable) - len(coins)
	}
	if err := b.fits(coins); err != nil {
		return err
	}
	if !b.enough(coins) {
		return b.short()
	}
	b.picked = coins
	return nil
}

// weigh returns the sum of coins and the weight of a transaction that spends them, without
// change.
func (b *builder) weigh(coins []candidate) (sum dcrutil.Amount, w weight) {
	w = b.base
	for i := range coins {
		sum += coins[i].Amount
		w = w.withInput(&coins[i])
	}
	return sum, w
}

// enough reports whether coins pay the outputs and the fee, and sets the change that they
// leave. What is left and too little for an output is part of the fee.
func (b *builder) enough(coins []candidate) bool {
	if len(coins) == 0 {
		return false
	}
	sum, w := b.weigh(coins)
	b.change = 0
	if b.Change != nil {
		with := w.withOutput(b.changeOutput(0))
		rest := sum - b.pay - feeAt(b.FeeRate, with.size())
		if rest > 0 && !isDust(b.changeOutput(rest), RelayFee) {
			b.change = rest
			return true
		}
		if len(b.Outputs) == 0 {
			return false
		}
	}
	fee := sum - b.pay
	return fee >= feeAt(b.FeeRate, w.size()) && fee <= feeAt(b.MaxFeeRate, w.size()) && b.meant(fee-feeAt(b.FeeRate, w.size()))
}

// meant reports whether an amount may be added to the fee: it is too little to be an output
// of its own and the input that spends that.
func (b *builder) meant(rest dcrutil.Amount) bool {
	if b.Change != nil {
		return true // it was too little
	}
	hash := wire.NewTxOut(int64(rest), make([]byte, 25)) // as long as a pay-to-pubkey-hash output
	return isDust(hash, RelayFee)
}

// fits returns ErrTooLarge if a transaction that spends coins is beyond the limits. The error says
// how many of the coins fit.
func (b *builder) fits(coins []candidate) error {
	w := b.most(coins)
	if w.allowed() {
		return nil
	}
	help := "pay less at a time"
	if n := b.fitting(coins); n > 0 {
		help = fmt.Sprintf("choose fewer coins, of which the largest %d fit, or pay less at a time", n)
	}
	if w.size() > MaxSize {
		return fmt.Errorf("%w: %d coins and %d outputs make %d bytes, and the limit is %d; %s", ErrTooLarge, w.inputs, w.outputs, w.size(), MaxSize, help)
	}
	return fmt.Errorf("%w: it has %d signature operations, and the limit is %d; %s", ErrTooLarge, w.sigOps, maxSigOps, help)
}

// fitting returns how many of coins, from the first one on, are within the limits.
func (b *builder) fitting(coins []candidate) int {
	return sort.Search(len(coins), func(i int) bool { return !b.most(coins[:i+1]).allowed() })
}

// most returns the weight of a transaction that spends coins, with change if there can be any.
func (b *builder) most(coins []candidate) weight {
	_, w := b.weigh(coins)
	if b.Change != nil {
		w = w.withOutput(b.changeOutput(0))
	}
	return w
}

// short returns why all coins together are not enough.
func (b *builder) short() error {
	sum, w := b.weigh(b.usable)
	fee := feeAt(b.FeeRate, w.size())
	switch {
	case sum < b.pay+fee || len(b.usable) == 0 || len(b.Outputs) == 0:
	case b.Change == nil && sum-b.pay-fee > 0:
		return fmt.Errorf("%w: %v would be left over", ErrNoChange, sum-b.pay-fee)
	default:
		return fmt.Errorf("%w: what is left is too little to be change, and as a fee it is above the limit", ErrFeeRate)
	}
	text := ""
	if b.result.Idle > 0 {
		text += fmt.Sprintf("; %d coins are worth less than their part of the fee", b.result.Idle)
	}
	if b.result.Unknown > 0 {
		text += fmt.Sprintf("; %d coins have scripts that cannot be signed for", b.result.Unknown)
	}
	return fmt.Errorf("%w: %v in %d coins can be spent, and %v with a fee of %v are needed%s", ErrFunds, sum, len(b.usable), b.pay+fee, fee, text)
}
