package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// notifiedDepth is down to how many blocks below the tip transactions are watched for being
// reverted or mined in another block.
const notifiedDepth = 100

// newWalletNotify returns the service that runs the command of --walletnotify, none if the
// option is not set.
func newWalletNotify(cfg *config, syncer syncing, owned *wallet.Set, environ []string, runs *children, log *slog.Logger) []orchestrator.Worker {
	if cfg.WalletNotify == "" {
		return nil
	}
	n := &walletNotify{
		syncer: syncer, owned: owned, log: log,
		hook: newHook("--walletnotify", cfg.WalletNotify, environ, runs, log),
	}
	return []orchestrator.Worker{{Name: "--walletnotify", Serve: n.run}}
}

// walletNotify runs a command for transactions of the wallets.
type walletNotify struct {
	syncer syncing
	owned  *wallet.Set
	log    *slog.Logger
	hook   *hook
	told   toldTransactions
}

// run runs the command from the time at which the daemon is synced until ctx ends. The
// wallets poke it when they have changed. Changes while the command runs are read from the
// wallets afterwards: only the result of one read is queued.
func (n *walletNotify) run(ctx context.Context) error {
	changed := n.owned.Watch(ctx)
	var synced consensus.Height // the height at which the daemon was
	err := n.syncer.Wait(ctx, func(st spv.Status) bool {
		synced = st.Tip.Height
		return st.Synced
	})
	if err != nil {
		<-ctx.Done() // the sync has failed, which ends the daemon
		return nil
	}
	for ctx.Err() == nil {
		for _, hash := range n.look(ctx, synced) {
			if ctx.Err() == nil {
				n.hook.run(ctx, hash)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil
}

// look returns the transactions that have changed since the last call, and in the first call
// those that were mined since the daemon was synced.
func (n *walletNotify) look(ctx context.Context, synced consensus.Height) []chainhash.Hash {
	recent, err := n.recent(ctx, max(0, n.syncer.Status().Tip.Height-notifiedDepth))
	if err != nil {
		if ctx.Err() == nil {
			n.log.Warn("Wallets not read for --walletnotify", "err", err)
		}
		return nil
	}
	return n.told.update(recent, synced)
}

// recent returns the transactions of all wallets that are not mined, or above a
// height.
func (n *walletNotify) recent(ctx context.Context, above consensus.Height) (list []*wallet.Transaction, err error) {
	known, err := n.owned.List()
	if err != nil {
		return nil, err
	}
	for _, listed := range known {
		w, err := n.owned.Wallet(listed.Name)
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
			n.log.Warn("Wallet not read for --walletnotify", "wallet", listed.Name, "err", err)
		}
	}
	return list, nil
}

// toldTransactions holds the block of each transaction for which the command was run, zero
// while it is not mined. It is nil before the first call of look.
type toldTransactions map[chainhash.Hash]chainhash.Hash

// update records the transactions that are not mined or not deep, and returns those that are
// new, in another block, or in none any longer: the oldest first. Results of a search of old
// blocks are deep, and left out. On the first call only transactions that were mined since
// the daemon was synced are returned.
func (told *toldTransactions) update(recent []*wallet.Transaction, synced consensus.Height) (news []chainhash.Hash) {
	first := *told == nil
	next := make(toldTransactions, len(recent))
	for i := len(recent) - 1; i >= 0; i-- { // history is newest first
		t := recent[i]
		if _, twice := next[t.Hash]; twice { // of several wallets
			continue
		}
		next[t.Hash] = t.Block
		old := first && (!t.Mined() || t.Place.Height <= synced)
		if block, known := (*told)[t.Hash]; !old && (!known || block != t.Block) {
			news = append(news, t.Hash)
		}
	}
	*told = next
	return news
}
