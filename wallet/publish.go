package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// heard records a transaction that a peer has relayed, unless no node would relay it, or addTx
// refuses it. Blocks from the height mined on may hold it.
func (w *Wallet) heard(
	ctx context.Context, tx *wire.MsgTx, source string, agreed bool, mined consensus.Height,
) (kept, refused bool, err error) {
	may, err := w.mayConcern(ctx, tx)
	if err != nil || !may {
		return false, false, err
	}
	u := ledger.NewUnmined(tx.TxHash(), tx, w.cfg.Now(), Relayed)
	u.Source, u.Agreed, u.MinedFrom = ledger.SourceOf(source), agreed, mined
	if err = txn.CheckRelayed(tx, w.cfg.RelayFee); err == nil {
		kept, err = w.addUnmined(ctx, u)
	}
	switch {
	case errors.Is(err, ErrBadTransaction):
		refused = true
	case errors.Is(err, ErrExpired), errors.Is(err, ErrDoubleSpend), errors.Is(err, ErrPoolFull):
	default:
		return kept, false, err
	}
	w.cfg.Log.Debug("Relayed transaction is not taken", "err", err)
	return false, refused, nil
}

// mayConcern reports whether a transaction pays the wallet or spends something
// that is in its books. It is what addUnmined asks first, without a turn at
// writing: of several wallets most are not concerned.
func (w *Wallet) mayConcern(ctx context.Context, msg *wire.MsgTx) (may bool, err error) {
	err = w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		numbers, err := w.store.Touched(tx, s, msg)
		may = len(numbers) > 0
		return err
	})
	return may, err
}

// publish records a transaction that a user publishes. Blocks from the height mined on may hold
// it. The errors are those of addTx, and ErrMined.
func (w *Wallet) publish(ctx context.Context, tx *wire.MsgTx, mined consensus.Height) (own bool, err error) {
	hash := tx.TxHash()
	if h, mined, err := w.minedAt(ctx, hash); err != nil || mined {
		if mined {
			err = fmt.Errorf("publish transaction %s: %w, at height %d", hash, ErrMined, h)
		}
		return false, err
	}
	return w.addTx(ctx, tx, Published, mined)
}

// keeps reports whether a transaction is one of the unmined ones.
func (w *Wallet) keeps(ctx context.Context, hash chainhash.Hash) (known bool, err error) {
	err = w.store.View(ctx, func(tx *bolt.Tx, _ *state.Snapshot) error {
		known = tx.Bucket(ledger.UnminedBucket).Get(hash[:]) != nil
		return nil
	})
	return known, err
}

// minedAt returns the height of the block that holds a transaction of the wallet.
func (w *Wallet) minedAt(ctx context.Context, hash chainhash.Hash) (h consensus.Height, ok bool, err error) {
	err = w.store.View(ctx, func(tx *bolt.Tx, _ *state.Snapshot) error {
		places, err := ledger.PlacesOf(tx, &hash)
		for _, p := range places {
			if !ledger.Void(tx, p) {
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

// published returns the transactions that are to be offered to peers until they are mined:
// those that were published here, and those that spend from the wallet and were mined in a
// block that the chain has left. Payments from others are not among them, unless one of
// these transactions spends them: offering them would show whose they are. One that was
// only relayed is not offered even then if its relaying peer may have forged the witness,
// which the hash leaves out: peers would refuse it and all that spends it. Parents stand
// before children.
func (w *Wallet) published(ctx context.Context) ([]*wire.MsgTx, error) {
	var list []*wire.MsgTx
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		q := newQuery(w, tx, s)
		sorted := q.pool.Sorted()
		wanted := make(map[chainhash.Hash]bool)
		for _, u := range slices.Backward(sorted) {
			ours, err := q.offers(u, wanted[u.Hash])
			if err != nil {
				return err
			}
			if !ours {
				continue
			}
			for _, op := range txn.PrevOuts(u.Tx) {
				wanted[op.Hash] = true // no node accepts it without what it spends
			}
			list = append(list, u.Tx)
		}
		slices.Reverse(list)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("published transactions: %w", err)
	}
	return list, nil
}

// offers reports whether a transaction is to be offered to peers. Wanted says that
// one that is offered spends it.
func (q *query) offers(u *ledger.Unmined, wanted bool) (bool, error) {
	switch {
	case u.Origin == Published:
		return true, nil
	case u.Origin == Released && wanted: // its block has proven the witness
		return true, nil
	case u.Origin == Released:
		return q.spends(u.Tx)
	}
	if !wanted {
		return false, nil
	}
	for _, op := range txn.PrevOuts(u.Tx) {
		if _, ours, err := q.prevOut(op); err != nil || !ours {
			return false, err // the wallet has not verified this input
		}
	}
	return true, nil
}

// spends reports whether a transaction spends an output of the wallet.
func (q *query) spends(tx *wire.MsgTx) (bool, error) {
	for _, op := range txn.PrevOuts(tx) {
		if _, ok, err := q.prevOut(op); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
