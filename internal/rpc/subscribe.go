package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func subscribe() method {
	return method{
		name:    "subscribe",
		reads:   true,
		summary: "Subscribes this connection to notifications.",
		help: "A notification is a request without an id; its method is the topic, its one parameter the news. " +
			"syncstatus brings what the method of that name returns: the current status at once, then each newer one. " +
			"blocks brings each step of the main chain: disconnected blocks, newest first, then connected ones, oldest first. " +
			"Each step has a cursor; given to subscribe later, on any connection, it makes the steps since then come first. " +
			"A client that was away or slow for more than 2,000 blocks gets one step with gap set: it has to read the chain again. " +
			"While the chain is being caught up with, a connection is notified at most once a second, less often the more there are, " +
			"and blocks come together; during the first sync they do not come at all. Subscribing again starts anew.",
		params: []param{
			{name: "topic", kind: kindString, text: "syncstatus or blocks."},
			{name: "cursor", kind: kindString, optional: true, def: "",
				text: "Of blocks: the cursor of the last step that is known; without it they begin at the tip."},
		},
		result:    "the topic, and for blocks the cursor that they begin after",
		returns:   []any{api.Subscription{}},
		example:   `["blocks"]`,
		websocket: true,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			topic, from := a.str("topic"), a.str("cursor")
			switch {
			case topic == api.TopicBlocks:
				return b.subscribeBlocks(a.caller, from)
			case topic == api.TopicSyncStatus && from != "":
				return nil, fail(api.CodeInvalid, "syncstatus takes no cursor: it always begins with the whole status")
			case topic == api.TopicSyncStatus:
				a.caller.follow(topic, &statusFeed{})
				return api.Subscription{Topic: topic}, nil
			}
			return nil, fail(api.CodeInvalid, "there is no topic %s; there are syncstatus and blocks", shorten([]byte(topic)))
		},
	}
}

// subscribeBlocks starts the feed of blocks after a cursor, or at the tip.
func (b *backend) subscribeBlocks(c *caller, from string) (api.Subscription, error) {
	f := &blockFeed{chain: b.Chain, form: tellStep}
	sub := api.Subscription{Topic: api.TopicBlocks, Cursor: from}
	if from == "" {
		// A chain that cannot be read yet begins where it can be.
		if err := f.begin(); err == nil {
			sub.Cursor = cursor(f.trail)
		}
	} else if f.trail = parseCursor(from); f.trail == nil {
		return api.Subscription{}, fail(api.CodeInvalid, "the cursor is none: use one that a notification of blocks had")
	}
	c.follow(api.TopicBlocks, f)
	return sub, nil
}
