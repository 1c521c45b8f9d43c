package view

import (
	"encoding/hex"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/snapshot/checkpointer"
)

// Snapshot translates what is known of the snapshot that is written; nil if none is.
func Snapshot(c *checkpointer.Checkpointer) api.Snapshot {
	out := api.Snapshot{LastBlock: -1, Segments: []api.SnapshotSegment{}}
	if c == nil {
		return out
	}
	list, trouble := c.Segments()
	out.Directory = c.Dir()
	if trouble != nil {
		out.Trouble = trouble.Error()
	}
	for i := range list {
		s := &list[i]
		out.LastBlock = int64(s.Last)
		out.Size += s.Headers.Size + s.Filters.Size
		out.Segments = append(out.Segments, api.SnapshotSegment{
			First:         int64(s.First),
			Last:          int64(s.Last),
			Hash:          s.Hash.String(),
			HeadersSize:   s.Headers.Size,
			HeadersSHA256: hex.EncodeToString(s.Headers.SHA256[:]),
			FiltersSize:   s.Filters.Size,
			FiltersSHA256: hex.EncodeToString(s.Filters.SHA256[:]),
			State:         s.State.String(),
		})
	}
	return out
}
