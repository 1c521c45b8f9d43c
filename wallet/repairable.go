package wallet

import (
	"context"
	"errors"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
)

// Repairable is damage in rows that follow from the chain and from what the wallet watches. A
// rescan from the height From, or from a lower one, removes it. It is an error that wraps
// ErrCorrupt. Damage that Check reports as any other error is in rows that the chain does not
// have: a copy of the file brings them back, or a new wallet with the same accounts.
type Repairable struct {
	From consensus.Height
	err  error
}

func (r *Repairable) Error() string { return r.err.Error() }

// Unwrap returns what is damaged.
func (r *Repairable) Unwrap() error { return r.err }

// repairable returns the error of rows that follow from the chain: damage is a *Repairable.
func repairable(s *state.Snapshot, err error) error {
	if errors.Is(err, ErrCorrupt) {
		return &Repairable{s.RepairFrom(), err}
	}
	return err
}

// needsRepair reports whether rows are damaged that follow from the chain. It reads all of them.
// The error is ErrCorrupt when others are damaged too: then nothing that follows from these is
// to be trusted.
func (w *Wallet) needsRepair(ctx context.Context) (bool, error) {
	damaged := false
	err := w.store.Inspect(func(tx *bolt.Tx, s *state.Snapshot) error {
		err := w.checkDerived(ctx, tx, s)
		if damaged = errors.Is(err, ErrCorrupt); damaged {
			return w.checkGiven(ctx, tx, s)
		}
		return err
	})
	return damaged, err
}
