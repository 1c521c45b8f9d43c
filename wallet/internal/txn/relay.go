package txn

import (
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// ErrBadTransaction means that a transaction breaks a rule, or a signature in
// it is wrong.
var ErrBadTransaction = errors.New("transaction is not valid")

// maxRelayedSize is the size of the largest transaction that nodes relay, in bytes (dcrd:
// mempool, the standard transaction size).
const maxRelayedSize = 100_000

// DefaultRelayFee is what nodes want for 1,000 bytes, in atoms, before they relay a
// transaction. It is dcrd's DefaultMinRelayTxFee (internal/mempool, 1e4 atoms), which
// --minrelaytxfee of a node may change; no rule of the network says so.
const DefaultRelayFee = 10_000

// CheckRelayed refuses a transaction that no node relays: one that is too large, pays
// less than relayFee, in atoms for 1,000 bytes, or spends or pays what cannot be. Below zero,
// relayFee is not asked for. What its inputs are worth is what it says itself, which nodes
// compare with the truth. The error is ErrBadTransaction.
func CheckRelayed(msg *wire.MsgTx, relayFee dcrutil.Amount) error {
	size := msg.SerializeSize()
	if size > maxRelayedSize {
		return fmt.Errorf("%w: it has %d bytes, and nodes relay at most %d", ErrBadTransaction, size, maxRelayedSize)
	}
	if relayFee < 0 {
		return nil
	}
	var in, out dcrutil.Amount
	for _, i := range msg.TxIn {
		if i.ValueIn < 0 || i.ValueIn > dcrutil.MaxAmount {
			return fmt.Errorf("%w: an input of %d atoms", ErrBadTransaction, i.ValueIn)
		}
		if in += dcrutil.Amount(i.ValueIn); in > dcrutil.MaxAmount {
			return fmt.Errorf("%w: it spends more than all coins", ErrBadTransaction)
		}
	}
	for _, o := range msg.TxOut {
		out += dcrutil.Amount(o.Value) // their sum is part of the sanity checks
	}
	if fee, least := in-out, relayFee*dcrutil.Amount(size)/1000; fee < least {
		return fmt.Errorf("%w: it pays a fee of %d atoms, and nodes want %d", ErrBadTransaction, fee, least)
	}
	return nil
}

// Expired reports whether a block of a height may no longer hold a transaction
// (wire: Expiry is the first height that may not, zero is never).
func Expired(tx *wire.MsgTx, h consensus.Height) bool {
	return tx.Expiry != wire.NoExpiryValue && uint32(h) >= tx.Expiry
}
