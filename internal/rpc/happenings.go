package rpc

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

// happening is something about a transaction that a topic tells of.
type happening struct {
	key    string // the hash of the transaction
	height int64  // of its block, zero while it is not mined
	put    func(*api.WalletEvent)
}

// happenings returns what the topic tells of that was mined above a height or
// not at all, oldest first. It is read once for all clients with the same place,
// and after the wallet got to where it is: no list is older than that.
func (f *walletFeed) happenings(ctx context.Context, n *news, at Position, above int64) ([]happening, error) {
	key := strings.Join([]string{f.topic, strconv.FormatInt(above, 10), at.Tip.Hash, at.Scanned.Hash, f.name}, " ")
	return n.read.list(key, func() ([]happening, error) {
		if f.topic == api.TopicSpends {
			return f.spends(ctx, above)
		}
		return f.transactions(ctx, above)
	})
}

func (f *walletFeed) transactions(ctx context.Context, above int64) ([]happening, error) {
	var found []happening
	err := f.wallet.Transactions(ctx, above, nil, func(tx *api.Transaction) bool {
		found = append(found, happening{key: tx.TxID, height: tx.BlockHeight, put: f.putTransaction(*tx)})
		return true
	})
	slices.Reverse(found)
	return found, err
}

// putTransaction returns the function that adds a transaction to an event.
func (f *walletFeed) putTransaction(tx api.Transaction) func(*api.WalletEvent) {
	if f.topic == api.TopicTransactions {
		return func(ev *api.WalletEvent) { ev.Transactions = append(ev.Transactions, tx) }
	}
	c := api.Confirmation{
		TxID: tx.TxID, Confirmations: tx.Confirmations, BlockHash: tx.BlockHash, BlockHeight: tx.BlockHeight,
	}
	return func(ev *api.WalletEvent) { ev.Confirmations = append(ev.Confirmations, c) }
}

func (f *walletFeed) spends(ctx context.Context, above int64) ([]happening, error) {
	list, err := f.wallet.Spends(ctx, above)
	found := make([]happening, len(list))
	for i, s := range list {
		found[len(list)-1-i] = happening{key: s.SpentBy, height: s.BlockHeight, put: func(ev *api.WalletEvent) {
			ev.Spends = append(ev.Spends, s)
		}}
	}
	return found, err
}
