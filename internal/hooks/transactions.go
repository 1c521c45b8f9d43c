package hooks

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// notifiedDepth is down to how many blocks below the tip transactions are watched for being
// reverted or mined in another block.
const notifiedDepth = 100

// Transactions runs a hook for the transactions of wallets, from the time at which the chain is
// synced until ctx ends: for each that is received, mined, reverted, or mined in another block. The
// wallets poke it when they have changed. Changes while the command runs are read from the
// wallets afterwards: only the result of one read is queued. The error is nil.
func Transactions(ctx context.Context, syncer *spv.Syncer, wallets *wallet.Set, h *Hook) error {
	n := &transactions{syncer: syncer, wallets: wallets, hook: h}
	changed := wallets.Watch(ctx)
	var synced consensus.Height // the height at which the daemon was
	err := syncer.Wait(ctx, func(st spv.Status) bool {
		synced = st.Tip.Height
		return st.Synced
	})
	if err != nil {
		<-ctx.Done() // the sync has failed, which ends the daemon
		return nil
	}
	for ctx.Err() == nil {
		for _, hash := range n.changed(ctx, synced) {
			if ctx.Err() == nil {
				h.run(ctx, hash)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil
}

// transactions runs a hook for transactions of the wallets.
type transactions struct {
	syncer   *spv.Syncer
	wallets  *wallet.Set
	hook     *Hook
	notified notified
}

// changed returns the transactions that have changed since the last call, and in the first call
// those that were mined since the daemon was synced.
func (n *transactions) changed(ctx context.Context, synced consensus.Height) []chainhash.Hash {
	recent, err := n.recent(ctx, max(0, n.syncer.Status().Tip.Height-notifiedDepth))
	if err != nil {
		if ctx.Err() == nil {
			n.hook.Log.Warn("Wallets not read for a command", "option", n.hook.Option, "err", err)
		}
		return nil
	}
	return n.notified.update(recent, synced)
}

// recent returns the transactions of all wallets that are not mined, or above a
// height.
func (n *transactions) recent(ctx context.Context, above consensus.Height) (list []*wallet.Transaction, err error) {
	known, err := n.wallets.List()
	if err != nil {
		return nil, err
	}
	for _, listed := range known {
		w, err := n.wallets.Wallet(listed.Name)
		if err != nil { // it is closed, or could not be opened
			continue
		}
		history, err := w.History(ctx, wallet.HistoryFilter{Above: above})
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err == nil:
			list = append(list, history...)
		case !errors.Is(err, wallet.ErrClosed):
			n.hook.Log.Warn("Wallet not read for a command", "option", n.hook.Option, "wallet", listed.Name, "err", err)
		}
	}
	return list, nil
}

// notified holds the block of each transaction for which the command was run, zero
// while it is not mined. It is nil before the first call of update.
type notified map[chainhash.Hash]chainhash.Hash

// update records the transactions that are not mined or not deep, and returns those that are
// new, in another block, or in none any longer: the oldest first. Results of a search of old
// blocks are deep, and left out. On the first call only transactions that were mined since
// the daemon was synced are returned.
func (n *notified) update(recent []*wallet.Transaction, synced consensus.Height) (changed []chainhash.Hash) {
	first := *n == nil
	next := make(notified, len(recent))
	for i := len(recent) - 1; i >= 0; i-- { // history is newest first
		t := recent[i]
		if _, twice := next[t.Hash]; twice { // of several wallets
			continue
		}
		next[t.Hash] = t.Block
		old := first && (!t.Mined() || t.Place.Height <= synced)
		if block, known := (*n)[t.Hash]; !old && (!known || block != t.Block) {
			changed = append(changed, t.Hash)
		}
	}
	*n = next
	return changed
}
