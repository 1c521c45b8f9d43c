package feed

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// item is the entry of a topic for a transaction.
type item struct {
	key    string // the hash of the transaction
	height int64  // of its block, zero while it is not mined, or void
	votes  string // differs when the known votes behind it differ
	put    func(*api.WalletEvent)

	// addresses are those that the entry is about: of all outputs, and of outputs of the wallet
	// that are spent. For the topic spends it is that of the output.
	addresses []string
}

// items returns the entries of transactions that were mined above a height or not at all,
// oldest first. They are read once for all clients at the same place, and after the positions
// of the wallet were read: no list is older than these.
func (f *Wallet) items(ctx context.Context, u *update, w *wallet.Wallet, at *wallet.Status, above int64) ([]item, error) {
	key := strings.Join([]string{
		f.topic, strconv.FormatInt(above, 10), at.Tip.Hash.String(), at.Scanned.Hash.String(),
		strconv.FormatUint(at.Changes, 10), f.wallet,
	}, " ")
	return u.read.list(key, func() ([]item, error) {
		filter := wallet.HistoryFilter{Above: consensus.Height(above)}
		if f.topic == api.TopicSpends {
			return spends(ctx, w, filter)
		}
		filter.VoidRewards = true
		return f.transactions(ctx, w, filter)
	})
}

func (f *Wallet) transactions(ctx context.Context, w *wallet.Wallet, filter wallet.HistoryFilter) ([]item, error) {
	var found []item
	var failed error
	err := w.EachTransaction(ctx, filter, func(tx *wallet.Transaction) bool {
		var out api.Transaction
		if out, failed = view.Transaction(tx); failed != nil {
			return false
		}
		out.Votes = f.hub.votesBehind(tx)
		next := item{key: out.TxID, height: out.BlockHeight, votes: votesKey(&out.Votes), put: f.putTransaction(tx, &out)}
		if tx.Void {
			next.height = 0
		}
		for i := range tx.Outputs {
			next.addresses = append(next.addresses, tx.Outputs[i].Address)
		}
		for i := range tx.Credits {
			next.addresses = append(next.addresses, tx.Credits[i].Address)
		}
		for i := range tx.Debits {
			next.addresses = append(next.addresses, tx.Debits[i].Address)
		}
		found = append(found, next)
		return true
	})
	if err == nil {
		err = failed
	}
	slices.Reverse(found)
	return found, err
}

// votesBehind returns the known votes behind a transaction.
func (h *Hub) votesBehind(tx *wallet.Transaction) api.Votes {
	if h.votes == nil || !tx.Mined() {
		return api.Votes{}
	}
	if known, ok := h.votes.Votes(consensus.BlockID{Height: tx.Place.Height, Hash: tx.Block}); ok {
		return view.Votes(&known)
	}
	return api.Votes{}
}

// votesKey returns a text that differs when votes do; it is empty if none are verified.
func votesKey(v *api.Votes) string {
	if v.VotesVerified == nil {
		return ""
	}
	return fmt.Sprint(*v.VotesVerified, *v.VotesConfirmations, v.VotesMissing)
}

// putTransaction returns the function that adds a transaction to an event.
func (f *Wallet) putTransaction(tx *wallet.Transaction, out *api.Transaction) func(*api.WalletEvent) {
	if f.topic == api.TopicTransactions {
		return func(ev *api.WalletEvent) { ev.Transactions = append(ev.Transactions, *out) }
	}
	c := view.Confirmation(tx)
	return func(ev *api.WalletEvent) { ev.Confirmations = append(ev.Confirmations, c) }
}

func spends(ctx context.Context, w *wallet.Wallet, filter wallet.HistoryFilter) ([]item, error) {
	var found []item
	err := w.EachTransaction(ctx, filter, func(tx *wallet.Transaction) bool {
		for _, s := range view.Spends(tx) {
			found = append(found, item{key: s.SpentBy, height: s.BlockHeight, addresses: []string{s.Address}, put: func(ev *api.WalletEvent) {
				ev.Spends = append(ev.Spends, s)
			}})
		}
		return true
	})
	slices.Reverse(found)
	return found, err
}
