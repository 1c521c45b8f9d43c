package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Names of dcrd's notifications of blocks, and of the feed that sends them.
const (
	notifyConnected    = "blockconnected"
	notifyDisconnected = "blockdisconnected"
	feedNotifyBlocks   = "notifyblocks"
)

func notifyBlocks() method {
	return method{
		name:    feedNotifyBlocks,
		reads:   true,
		summary: "Subscribes this connection to blocks in dcrd's form.",
		help: "blockconnected has the header in hex and an empty list of transactions, blockdisconnected the header. " +
			"They are complete while the connection keeps up; subscribe blocks says when it did not.",
		result:    "null",
		returns:   []any{nil},
		example:   `[]`,
		websocket: true,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			f := &blockFeed{chain: b.Chain}
			_ = f.begin() // a chain that cannot be read yet begins where it can be
			a.caller.feeds.start(feedNotifyBlocks, a.caller.replied, func(ctx context.Context, emit func(string, ...any) error) error {
				return f.notify(ctx, b.Sync, emit)
			})
			return nil, nil
		},
	}
}

// notify tells of each step in dcrd's form.
func (f *blockFeed) notify(ctx context.Context, sync Sync, emit func(string, ...any) error) error {
	return f.follow(ctx, sync, func(ev *api.BlocksEvent) error {
		for _, header := range f.gone {
			if err := emit(notifyDisconnected, header); err != nil {
				return err
			}
		}
		for i := range ev.Connected {
			if err := emit(notifyConnected, ev.Connected[i].Header, []string{}); err != nil {
				return err
			}
		}
		if ev.Gap {
			return emit(notifyConnected, f.headers[0], []string{})
		}
		return nil
	})
}
