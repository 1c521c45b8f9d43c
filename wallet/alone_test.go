package wallet

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
)

// A wallet alone is taken along by tests as a set is: these methods make it a scanner and a mempool.

func (w *Wallet) Scanned() (at consensus.BlockID, watching bool) {
	s := w.store.Now()
	return s.Scanned(), s.Count() > 0
}

func (w *Wallet) Locator() []consensus.BlockID { return w.steps.Locator() }

func (w *Wallet) Scripts() ([][]byte, uint64) { return w.steps.Scripts() }

func (w *Wallet) Apply(ctx context.Context, u chain.Update) (bool, error) {
	return w.applier.Apply(ctx, u)
}

func (w *Wallet) Heard(ctx context.Context, tx *wire.MsgTx, source string, agreed bool) (kept, refused bool, err error) {
	return w.heard(ctx, tx, source, agreed, 0)
}

func (w *Wallet) Unsearched(ctx context.Context, tx *wire.MsgTx, from consensus.Height) ([][]byte, consensus.BlockID, error) {
	return w.unsearched(ctx, tx, from)
}

// What follows are lists, for tests, of what programs read one by one.

// Accounts returns the accounts in the order of their numbers.
func (w *Wallet) Accounts() []Account { return accounts(w.store.Now()) }

// Rescan is StartRescan without its job.
func (w *Wallet) Rescan(ctx context.Context, from consensus.Height) error {
	_, err := w.StartRescan(ctx, from)
	return err
}

// Unspent returns the outputs that EachUnspent calls yield for.
func (w *Wallet) Unspent(ctx context.Context, f OutputFilter) ([]Output, error) {
	var list []Output
	err := w.EachUnspent(ctx, f, func(o *Output) bool {
		list = append(list, *o)
		return true
	})
	return list, err
}

// Unmined returns all unmined transactions, parents before children.
func (w *Wallet) Unmined(ctx context.Context) (list []*ledger.Unmined, err error) {
	err = w.store.View(ctx, func(_ *bolt.Tx, s *state.Snapshot) error {
		list = s.Pool.Sorted()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("unmined transactions: %w", err)
	}
	return list, nil
}
