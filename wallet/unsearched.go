package wallet

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// unsearched returns the scripts through which a transaction that is not known concerns the
// wallet, and the last block of those from a height on that were searched for all of them, see
// spv.Mempool. Blocks below the birthday of a script are not, nor are those that a search has
// still to reach, and those above the tip.
func (w *Wallet) unsearched(ctx context.Context, msg *wire.MsgTx, from consensus.Height) (scripts [][]byte, last consensus.BlockID, err error) {
	if txn.MinedOnly(txn.KindOf(msg)) {
		return nil, last, nil
	}
	err = w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		numbers, err := w.store.Touched(tx, s, msg)
		if err != nil || len(numbers) == 0 {
			return err
		}
		if known, err := isKnown(tx, msg); known || err != nil {
			return err
		}
		last = s.Tip
		for _, n := range numbers {
			scripts = append(scripts, s.Pays[n])
			last = state.Lower(last, s.SearchedFor(n, from))
		}
		return nil
	})
	if err != nil {
		return nil, last, fmt.Errorf("transaction %s: %w", msg.TxHash(), err)
	}
	return scripts, last, nil
}

// isKnown reports whether a transaction is in the books, mined or not.
func isKnown(tx *bolt.Tx, msg *wire.MsgTx) (bool, error) {
	hash := msg.TxHash()
	if tx.Bucket(ledger.UnminedBucket).Get(hash[:]) != nil {
		return true, nil
	}
	places, err := ledger.PlacesOf(tx, &hash)
	for _, p := range places {
		if !ledger.Void(tx, p) {
			return true, err
		}
	}
	return false, err
}
