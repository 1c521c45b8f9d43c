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

	// The topics of a wallet each bring a WalletEvent: with its transactions, how
	// often they are confirmed, or which of its outputs they spend.
	TopicTransactions  = "transactions"
	TopicConfirmations = "confirmations"
	TopicSpends        = "spends"

	// TopicJobs brings a JobsEvent when jobs of the wallet have changed.
	TopicJobs = "jobs"
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

// WalletEvent tells what has happened to a wallet. The list of the topic holds
// what is new or has come to another block; what a client has been told before
// may be told again. A subscription begins with all that is not mined: what a
// client knew before and is not told of has gone.
type WalletEvent struct {
	// Cursor stands for this event in a later subscribe. It is empty when More is
	// set.
	Cursor string `json:"cursor,omitempty"`

	// Gap is true when the client cannot be told what happened since its cursor:
	// it has to read the wallet again.
	Gap bool `json:"gap,omitempty"`

	// More is true when further notifications belong to this event.
	More bool `json:"more,omitempty"`

	// Tip is the newest block the wallet knows.
	Tip BlockID `json:"tip"`

	// Disconnected are blocks that were taken back, newest first. What was mined
	// there has gone, unless it is told again.
	Disconnected []BlockID `json:"disconnected,omitempty"`

	// Removed are the hashes of unmined transactions that have gone without
	// having been mined: replaced, expired or abandoned. Of spends it is who
	// would have spent.
	Removed []string `json:"removed,omitempty"`

	Transactions  []Transaction  `json:"transactions,omitempty"`
	Confirmations []Confirmation `json:"confirmations,omitempty"`
	Spends        []Spend        `json:"spends,omitempty"`
}

// Confirmation tells how often a transaction is confirmed: zero times while it is
// not mined.
type Confirmation struct {
	TxID          string `json:"txid"`
	Confirmations int64  `json:"confirmations"`
	BlockHash     string `json:"blockhash,omitempty"`
	BlockHeight   int64  `json:"blockheight,omitempty"`
}

// Spend tells that an output of the wallet is spent.
type Spend struct {
	OutPoint
	Account string `json:"account"`
	Address string `json:"address,omitempty"`
	Amount  Amount `json:"amount"`

	// SpentBy is the hash of the transaction that spends it, Vin its input.
	SpentBy string `json:"spentby"`
	Vin     uint32 `json:"vin"`

	// BlockHash and BlockHeight are those of that transaction, if it is mined.
	BlockHash   string `json:"blockhash,omitempty"`
	BlockHeight int64  `json:"blockheight,omitempty"`
}

// JobsEvent tells of the jobs of a wallet that have changed.
type JobsEvent struct {
	// Cursor stands for this event in a later subscribe.
	Cursor string `json:"cursor"`

	// Gap is true when jobs may have come and gone that nobody remembers.
	Gap bool `json:"gap,omitempty"`

	Jobs []Job `json:"jobs"`
}
