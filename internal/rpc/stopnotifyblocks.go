package rpc

import "context"

func stopNotifyBlocks() method {
	return method{
		name:      "stopnotifyblocks",
		reads:     true,
		summary:   "Ends what notifyblocks has begun.",
		result:    "null",
		returns:   []any{nil},
		example:   `[]`,
		websocket: true,
		handle: func(_ context.Context, _ *backend, a args) (any, error) {
			a.caller.feeds.end(feedNotifyBlocks)
			return nil, nil
		},
	}
}
