package hooks

import (
	"context"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// Blocks runs a hook for each new tip of a synced chain, until ctx ends. For all tips that arrive
// while it runs there is one more run, with the newest: nothing is queued, and the sync does
// not wait for a command. The error is nil.
func Blocks(ctx context.Context, syncer *spv.Syncer, h *Hook) error {
	var last consensus.BlockID // that the hook was run for
	for st := range syncer.Changes(ctx, 0) {
		if st.Synced && st.Tip != last {
			last = st.Tip
			h.run(ctx, st.Tip.Hash)
		}
	}
	return nil
}
