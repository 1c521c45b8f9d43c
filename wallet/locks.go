package wallet

import (
	"context"
	"fmt"
	"time"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// The locks bucket. Keys are outpoints that the user does not want to be spent.
// Values are the tree of the outpoint (one byte).
var locksBucket = []byte("locks")

// LockOutputs marks unspent outputs as not to be spent, or takes that back, and what Build
// has reserved: all of them or, with an error, none. The mark outlives a restart, and the
// output's being spent. The error is ErrNoOutput.
func (w *Wallet) LockOutputs(ctx context.Context, locked bool, ops ...wire.OutPoint) error {
	return w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		q, err := newQuery(w, tx, s)
		if err != nil {
			return nil, err
		}
		for _, op := range ops {
			if err := q.lock(op, locked); err != nil {
				return nil, fmt.Errorf("lock output %s: %w", op, err)
			}
		}
		return s, nil
	})
}

func (q *query) lock(op wire.OutPoint, locked bool) error {
	b, key := q.tx.Bucket(locksBucket), outpointKey(op)
	if !locked {
		return cmpOr(b.Delete(key), unreserve(q.tx, op))
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
	return w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		if tx.Bucket(reservedBucket) != nil {
			if err := tx.DeleteBucket(reservedBucket); err != nil {
				return nil, err
			}
		}
		if err := tx.DeleteBucket(locksBucket); err != nil {
			return nil, err
		}
		_, err := tx.CreateBucket(locksBucket)
		return s, err
	})
}

// LockedOutput is an output that is locked.
type LockedOutput struct {
	wire.OutPoint

	// Account is the account that it is of, empty once it is spent.
	Account string

	// Until is when the lock ends, of an output that Build has reserved; zero is never.
	Until time.Time
}

// Locked returns the outputs of an account that are locked, or of all if it is empty, and their
// accounts at that moment. The error is ErrNoAccount.
func (w *Wallet) Locked(ctx context.Context, account string) ([]LockedOutput, error) {
	var list []LockedOutput
	err := w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		if err := s.chosen(account); err != nil {
			return err
		}
		q, err := newQuery(w, tx, s)
		if err != nil {
			return err
		}
		add := func(op wire.OutPoint, until time.Time) error {
			o, ok, err := q.find(op)
			if !ok {
				o.Account = ""
			}
			if account == "" || account == o.Account {
				list = append(list, LockedOutput{op, o.Account, until})
			}
			return err
		}
		err = all(tx.Bucket(locksBucket), func(k, v []byte) error {
			op, err := decodeLock(k, v)
			if err != nil {
				return err
			}
			return add(op, time.Time{})
		})
		if err != nil {
			return err
		}
		return eachReserved(tx, w.cfg.Now(), func(op wire.OutPoint, until time.Time) error {
			if tx.Bucket(locksBucket).Get(outpointKey(op)) != nil {
				return nil // it is listed
			}
			return add(op, until)
		})
	})
	return list, err
}

// decodeLock reads a row of the locks bucket.
func decodeLock(k, v []byte) (wire.OutPoint, error) {
	r := row{rest: k}
	op := r.outpoint()
	if r.done() != nil || len(v) != 1 || v[0] > 1 {
		return op, fmt.Errorf("read lock %x: %w", k, ErrCorrupt)
	}
	op.Tree = int8(v[0])
	return op, nil
}

// isLocked reports whether an output is locked, or reserved at a time.
func isLocked(tx *bolt.Tx, op wire.OutPoint, now time.Time) bool {
	return tx.Bucket(locksBucket).Get(outpointKey(op)) != nil || !reservedUntil(tx, op, now).IsZero()
}
