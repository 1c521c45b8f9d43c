package spvd

import (
	"context"
	"iter"

	"github.com/spvd/spvd/internal/prune"
	"github.com/spvd/spvd/spv/consensus"
)

// pruner makes the worker that has filters deleted, with all that needs some as its keepers.
func (c *Client) pruner(cfg *Config) (*prune.Pruner, error) {
	keepers := []prune.Keeper{{Name: "wallets", From: func(context.Context) (consensus.Height, error) { return c.wallets.UnscannedFrom() }}}
	if c.snapshots != nil {
		keepers = append(keepers, prune.Keeper{Name: "snapshots", From: func(context.Context) (consensus.Height, error) { return c.snapshots.NeedsFrom() }})
	}
	if c.server != nil {
		keepers = append(keepers, prune.Keeper{Name: "serving", From: func(context.Context) (consensus.Height, error) { return c.server.NeedsFrom(), nil }})
	}
	return prune.New(prune.Config{Keepers: keepers, Synced: c.syncedFilters, Prune: c.syncer.Prune, Log: cfg.Log})
}

// syncedFilters yields the height of the newest filter and the floor each time that the sync is
// complete and one of them has changed.
func (c *Client) syncedFilters(ctx context.Context) iter.Seq2[consensus.Height, consensus.Height] {
	return func(yield func(newest, floor consensus.Height) bool) {
		type view struct{ newest, floor consensus.Height }
		var last view
		for st := range c.syncer.Changes(ctx, 0) {
			now := view{st.Filters.Current, st.Floor}
			if st.Synced && now != last {
				if !yield(now.newest, now.floor) {
					return
				}
				last = now
			}
		}
	}
}
