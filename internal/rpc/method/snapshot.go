package method

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
)

// snapshotMethods returns the methods about the snapshot that the daemon writes.
func snapshotMethods() []Method {
	return []Method{
		getSnapshotInfo(),
	}
}

func getSnapshotInfo() Method {
	return Method{
		Name:    "getsnapshotinfo",
		Summary: "Returns the segments of the snapshot that the daemon writes, and whether they are verified.",
		Help: "With --snapshotdir the daemon writes headers and filters into a directory, for other light clients; see docs/snapshot.md. " +
			"Segments that this process wrote are verified; those of an earlier one are listed until they have been compared with the chain, " +
			"byte for byte, one after the other with pauses. Damaged ones are written again.",
		Result:  "an object with the directory, empty if no snapshot is written, and its segments",
		Returns: []any{api.Snapshot{}},
		Example: `[]`,
		Reads:   true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return view.Snapshot(c.Snapshots), nil
		},
	}
}
