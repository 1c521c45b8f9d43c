package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func unsubscribe() method {
	return method{
		name:      "unsubscribe",
		reads:     true,
		summary:   "Ends a subscription of this connection.",
		help:      "A notification that is on its way may still come.",
		params:    []param{{name: "topic", kind: kindString, text: "What was subscribed to."}},
		result:    "null",
		returns:   []any{nil},
		example:   `["blocks"]`,
		websocket: true,
		handle: func(_ context.Context, _ *backend, a args) (any, error) {
			if topic := a.str("topic"); !a.caller.feeds.end(topic) {
				return nil, fail(api.CodeInvalid, "this connection has not subscribed to %s", shorten([]byte(topic)))
			}
			return nil, nil
		},
	}
}
