package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
)

// Heard implements spv.Wallet: it takes a transaction that a peer has relayed,
// and ignores what AddUnmined refuses.
func (w *Wallet) Heard(ctx context.Context, tx *wire.MsgTx) error {
	may, err := w.mayConcern(ctx, tx)
	if err != nil || !may {
		return err
	}
	_, err = w.AddUnmined(ctx, tx, Relayed)
	if errors.Is(err, ErrBadTransaction) || errors.Is(err, ErrExpired) || errors.Is(err, ErrDoubleSpend) || errors.Is(err, ErrPoolFull) {
		w.cfg.Log.Debug("Relayed transaction is not taken", "err", err)
		return nil
	}
	return err
}

// mayConcern reports whether a transaction pays the wallet or spends something
// that is in its books. It is what AddUnmined asks first, without a turn at
// writing: of several wallets most are not concerned.
func (w *Wallet) mayConcern(ctx context.Context, msg *wire.MsgTx) (may bool, err error) {
	err = w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		numbers, err := w.touched(tx, s, msg)
		may = len(numbers) > 0
		return err
	})
	return may, err
}

// Publish implements spv.Wallet: it takes a transaction that a user publishes.
// The errors are those of AddUnmined, and ErrMined.
func (w *Wallet) Publish(ctx context.Context, tx *wire.MsgTx) (own bool, err error) {
	hash := tx.TxHash()
	if h, mined, err := w.MinedAt(ctx, hash); err != nil || mined {
		if mined {
			err = fmt.Errorf("publish transaction %s: %w, at height %d", hash, ErrMined, h)
		}
		return false, err
	}
	return w.AddUnmined(ctx, tx, Published)
}

// keeps reports whether a transaction is one of the unmined ones.
func (w *Wallet) keeps(ctx context.Context, hash chainhash.Hash) (known bool, err error) {
	err = w.view(ctx, func(tx *bolt.Tx, _ *snapshot) error {
		known = tx.Bucket(unminedBucket).Get(hash[:]) != nil
		return nil
	})
	return known, err
}

// MinedAt implements spv.Wallet: it returns the height of the block that holds a
// transaction of the wallet.
func (w *Wallet) MinedAt(ctx context.Context, hash chainhash.Hash) (h chain.Height, ok bool, err error) {
	err = w.view(ctx, func(tx *bolt.Tx, _ *snapshot) error {
		places, err := placesOf(tx, &hash)
		for _, p := range places {
			if !void(tx, p) {
				h, ok = p.Height, true
			}
		}
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("transaction %s: %w", hash, err)
	}
	return h, ok, nil
}

// Published implements spv.Wallet: it returns the transactions that are to be offered to peers until they
// are mined: those that were published here, and those that spend from the wallet
// and were mined in a block that the chain has left. Payments from others are not
// among them, because whoever offers those says whose they are, unless one of the
// others spends them. Parents come before children.
func (w *Wallet) Published(ctx context.Context) ([]*wire.MsgTx, error) {
	var list []*wire.MsgTx
	err := w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		q, err := newQuery(w, tx, s)
		if err != nil {
			return err
		}
		sorted := q.pool.sorted()
		wanted := make(map[chainhash.Hash]bool)
		for _, u := range slices.Backward(sorted) {
			ours := u.origin == Published || wanted[u.hash]
			if !ours && u.origin == Released {
				if ours, err = q.spends(u.tx); err != nil {
					return err
				}
			}
			if !ours {
				continue
			}
			for _, op := range prevOuts(u.tx) {
				wanted[op.Hash] = true // nobody takes it without what it spends
			}
			list = append(list, u.tx)
		}
		slices.Reverse(list)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("published transactions: %w", err)
	}
	return list, nil
}

// spends reports whether a transaction spends an output of the wallet.
func (q *query) spends(tx *wire.MsgTx) (bool, error) {
	for _, op := range prevOuts(tx) {
		if _, ok, err := q.prevOut(op); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
