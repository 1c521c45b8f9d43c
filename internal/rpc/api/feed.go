package api

// Topics that a websocket can subscribe to. A notification is a JSON-RPC
// request without an id whose method is the topic, with one parameter.
const (
	// TopicSyncStatus brings a SyncStatus: the current one at once, then each
	// newer one. Every notification is the whole truth, so a slow client that
	// misses some has missed nothing.
	TopicSyncStatus = "syncstatus"

	// TopicBlocks brings a BlocksEvent for each step of the main chain.
	TopicBlocks = "blocks"
)

// Subscription is the result of subscribe.
type Subscription struct {
	Topic string `json:"topic"`

	// Cursor is where a topic with a cursor begins: what happened after it
	// will be notified. Empty for other topics, and before the chain can be
	// read.
	Cursor string `json:"cursor,omitempty"`
}

// BlocksEvent is one step along the main chain: the blocks that were taken
// back, newest first, then those that were put on, oldest first.
type BlocksEvent struct {
	// Cursor stands for this event in a later subscribe.
	Cursor string `json:"cursor"`

	// Gap is true when the client was too far behind to be told everything:
	// it has to read the chain again. The next event continues from Tip.
	Gap bool `json:"gap,omitempty"`

	// Tip is the last block of the event.
	Tip BlockID `json:"tip"`

	Disconnected []BlockID        `json:"disconnected"`
	Connected    []ConnectedBlock `json:"connected"`
}

// ConnectedBlock is a block that was put on the main chain. Its filter is
// there.
type ConnectedBlock struct {
	BlockID
	Time   int64  `json:"time"`
	Header string `json:"header"` // hex, 180 bytes
}
