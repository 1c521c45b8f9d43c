package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func syncStatus() method {
	return method{
		name:    "syncstatus",
		reads:   true,
		summary: "Tells how far the daemon has got.",
		help: "synced is true only while headers, filters and wallet are at the tip, a peer is connected " +
			"and no peer has shown more work. reason says in one sentence what is being done or waited for, " +
			"hint what you can do about it. ratio is the progress over all stages, eta the estimated time until they are done.",
		result:  "dcrwallet's three fields, and beside them phase, progress by stage, tip, peers and warnings. Times are Unix seconds, durations seconds, rates blocks per second.",
		returns: []any{api.SyncStatus{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			return b.Sync.Status(), nil
		},
	}
}
