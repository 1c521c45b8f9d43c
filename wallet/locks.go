package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// LockOutputs marks unspent outputs as not to be spent, or takes that back, and what Build
// has reserved: all of them or, with an error, none. The mark outlives a restart, and the
// output's being spent. The error is ErrNoOutput.
func (w *Wallet) LockOutputs(ctx context.Context, locked bool, ops ...wire.OutPoint) error {
	return w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		q := newQuery(w, tx, s)
		for _, op := range ops {
			if err := q.lock(op, locked); err != nil {
				return nil, fmt.Errorf("lock output %s: %w", op, err)
			}
		}
		return s, nil
	})
}

func (q *query) lock(op wire.OutPoint, locked bool) error {
	b, key := q.tx.Bucket(ledger.LocksBucket), rows.OutPointKey(op)
	if !locked {
		return cmp.Or(b.Delete(key), ledger.Unreserve(q.tx, op))
	}
	o, ok, err := q.find(op)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNoOutput
	}
	return b.Put(key, []byte{byte(o.OutPoint.Tree)})
}

// UnlockAll takes all locks away, and what Build has reserved.
func (w *Wallet) UnlockAll(ctx context.Context) error {
	return w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		if tx.Bucket(ledger.ReservedBucket) != nil {
			if err := tx.DeleteBucket(ledger.ReservedBucket); err != nil {
				return nil, err
			}
		}
		if err := tx.DeleteBucket(ledger.LocksBucket); err != nil {
			return nil, err
		}
		_, err := tx.CreateBucket(ledger.LocksBucket)
		return s, err
	})
}

// LockedOutput is an output that is locked.
type LockedOutput struct {
	wire.OutPoint

	// Account is the account that it is of, empty once it is spent. Amount is what it is worth,
	// spent or not; zero if the wallet no longer knows it. An [Export] has neither.
	Account string
	Amount  dcrutil.Amount

	// Until is when the lock ends, of an output that Build has reserved; zero is never.
	Until time.Time
}

// Locked returns the outputs of an account that are locked, or of all if it is empty, and their
// accounts at that moment. The error is ErrNoAccount.
func (w *Wallet) Locked(ctx context.Context, account string) ([]LockedOutput, error) {
	var list []LockedOutput
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		if err := s.Chosen(account); err != nil {
			return err
		}
		q := newQuery(w, tx, s)
		add := func(op wire.OutPoint, until time.Time) error {
			o, ok, err := q.find(op)
			if !ok {
				c, _, err2 := q.prevOut(txn.Bare(op))
				o.Account, o.Amount, err = "", c.Amount, errors.Join(err, err2)
			}
			if account == "" || account == o.Account {
				list = append(list, LockedOutput{op, o.Account, o.Amount, until})
			}
			return err
		}
		err := rows.Each(tx.Bucket(ledger.LocksBucket), func(k, v []byte) error {
			op, err := ledger.DecodeLock(k, v)
			if err != nil {
				return err
			}
			return add(op, time.Time{})
		})
		if err != nil {
			return err
		}
		return ledger.EachReserved(tx, w.cfg.Now(), func(op wire.OutPoint, until time.Time) error {
			if tx.Bucket(ledger.LocksBucket).Get(rows.OutPointKey(op)) != nil {
				return nil // it is listed
			}
			return add(op, until)
		})
	})
	return list, err
}
