package wallet

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// The locks bucket. Keys are outpoints that the user does not want to be spent.
// Values are the tree of the outpoint (one byte).
var locksBucket = []byte("locks")

// LockOutput marks an unspent output as not to be spent, or takes that back.
// The mark outlives a restart, and the output's being spent. The error is
// ErrNoOutput.
func (w *Wallet) LockOutput(ctx context.Context, op wire.OutPoint, locked bool) error {
	err := w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		b, key := tx.Bucket(locksBucket), outpointKey(op)
		if !locked {
			return s, b.Delete(key)
		}
		q, err := newQuery(w, tx, s)
		if err != nil {
			return nil, err
		}
		o, ok, err := q.find(op)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, ErrNoOutput
		}
		return s, b.Put(key, []byte{byte(o.OutPoint.Tree)})
	})
	if err != nil {
		return fmt.Errorf("lock output %s: %w", op, err)
	}
	return nil
}

// UnlockAll takes all locks away.
func (w *Wallet) UnlockAll(ctx context.Context) error {
	return w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		if err := tx.DeleteBucket(locksBucket); err != nil {
			return nil, err
		}
		_, err := tx.CreateBucket(locksBucket)
		return s, err
	})
}

// Locked returns the outputs that are locked.
func (w *Wallet) Locked(ctx context.Context) ([]wire.OutPoint, error) {
	var list []wire.OutPoint
	err := w.view(ctx, func(tx *bolt.Tx, _ *snapshot) error {
		return all(tx.Bucket(locksBucket), func(k, v []byte) error {
			r := row{rest: k}
			op := r.outpoint()
			if r.done() != nil || len(v) != 1 || v[0] > 1 {
				return fmt.Errorf("read lock: %w", ErrCorrupt)
			}
			op.Tree = int8(v[0])
			list = append(list, op)
			return nil
		})
	})
	return list, err
}

func isLocked(tx *bolt.Tx, op wire.OutPoint) bool {
	return tx.Bucket(locksBucket).Get(outpointKey(op)) != nil
}
