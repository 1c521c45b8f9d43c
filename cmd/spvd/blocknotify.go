package main

import (
	"context"
	"iter"
	"log/slog"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// followed is the source of new blocks for the hook.
type followed interface {
	// Changes yields the current status if its Seq is greater than from, then each newer one
	// until ctx ends. A slow caller misses values in between, never the newest.
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]
}

// newBlockNotify returns the service that runs the command of --blocknotify, none if the
// option is not set.
func newBlockNotify(cfg *config, syncer followed, environ []string, runs *children, log *slog.Logger) []orchestrator.Worker {
	if cfg.BlockNotify == "" {
		return nil
	}
	h := newHook("--blocknotify", cfg.BlockNotify, environ, runs, log)
	return []orchestrator.Worker{{Name: "--blocknotify", Serve: func(ctx context.Context) error {
		notifyBlocks(ctx, syncer, h)
		return nil
	}}}
}

// notifyBlocks runs the hook for each new tip of a synced chain. For all tips that arrive
// while it runs there is one more run, with the newest: nothing is queued, and the sync does
// not wait for a command.
func notifyBlocks(ctx context.Context, syncer followed, h *hook) {
	var told consensus.BlockID
	for st := range syncer.Changes(ctx, 0) {
		if st.Synced && st.Tip != told {
			told = st.Tip
			h.run(ctx, st.Tip.Hash)
		}
	}
}
