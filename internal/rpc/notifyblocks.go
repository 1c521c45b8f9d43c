package rpc

import "context"

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
			f := &blockFeed{chain: b.Chain, form: tellAsDcrd}
			_ = f.begin() // a chain that cannot be read yet begins where it can be
			a.caller.follow(feedNotifyBlocks, f)
			return nil, nil
		},
	}
}

// tellAsDcrd tells of a step in dcrd's form.
func tellAsDcrd(f *blockFeed, s *step, to *feeds) error {
	for _, header := range f.gone {
		message, err := encodeNotification(notifyDisconnected, header)
		if err != nil {
			return err
		}
		if err := to.pass(message); err != nil {
			return err
		}
	}
	messages, err := s.connected()
	if err != nil {
		return err
	}
	for _, message := range messages {
		if err := to.pass(message); err != nil {
			return err
		}
	}
	return nil
}
