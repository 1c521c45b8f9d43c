package main

import (
	"context"
	"iter"
	"log/slog"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// followed is what blocks are notified from.
type followed interface {
	// Changes yields the current status if its Seq is greater than from, then each
	// newer one until ctx ends. Who is slow misses values in between, never the
	// newest.
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]
}

// newBlockNotify returns the service that runs the command of --blocknotify, none
// without one.
func newBlockNotify(cfg *config, syncer followed, environ []string, log *slog.Logger) []service {
	if cfg.BlockNotify == "" {
		return nil
	}
	h := newHook("--blocknotify", cfg.BlockNotify, environ, log)
	return []service{{name: "--blocknotify", run: func(ctx context.Context) error {
		notifyBlocks(ctx, syncer, h)
		return nil
	}}}
}

// notifyBlocks runs the hook for each new tip of a chain that is synced. Tips that
// come while it runs are one more run, for the newest: nothing is queued, and nobody
// waits for a command.
func notifyBlocks(ctx context.Context, syncer followed, h *hook) {
	var told consensus.BlockID
	for st := range syncer.Changes(ctx, 0) {
		if st.Synced && st.Tip != told {
			told = st.Tip
			h.run(ctx, st.Tip.Hash)
		}
	}
}
