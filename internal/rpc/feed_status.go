package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// followStatus notifies of the current status and of each newer one.
func (b *backend) followStatus(ctx context.Context, emit func(string, ...any) error) error {
	b.followers.n.Add(1)
	defer b.followers.n.Add(-1)
	for st := range b.Sync.Changes(ctx, 0) {
		if err := emit(api.TopicSyncStatus, &st); err != nil {
			return err
		}
		if st.InitialBlockDownload && !pause(ctx, b.followers.pace()) {
			return nil
		}
	}
	return nil
}
