package api

// Topics that a websocket can subscribe to. A notification is a JSON-RPC
// request without an id whose method is the topic, with one parameter.
const (
	// TopicSyncStatus sends a SyncStatus: the current one at once, then each newer one. Every
	// notification is complete, so a slow client may miss some.
	TopicSyncStatus = "syncstatus"

	// TopicBlocks sends a BlocksEvent for each step of the main chain.
	TopicBlocks = "blocks"

	// The topics of a wallet each send a WalletEvent: with its transactions, their
	// confirmations, or the transactions that spend its outputs.
	TopicTransactions  = "transactions"
	TopicConfirmations = "confirmations"
	TopicSpends        = "spends"

	// TopicJobs sends a JobsEvent when jobs of the wallet have changed.
	TopicJobs = "jobs"
)

// Subscription is the result of subscribe.
type Subscription struct {
	Topic string `json:"topic"`

	// Cursor is where a topic with a cursor begins: all later events will be notified. Empty
	// for other topics, and before the chain can be read.
	Cursor string `json:"cursor,omitempty"`
}

// BlocksEvent is one step along the main chain: the disconnected blocks, newest first, then
// the connected ones, oldest first.
type BlocksEvent struct {
	// Cursor is the cursor of this event for a later subscribe.
	Cursor string `json:"cursor"`

	// Gap is true when the client was too far behind to be notified of every block: it has to
	// read the chain again. The next event continues from Tip.
	Gap bool `json:"gap,omitempty"`

	// Tip is the last block of the event.
	Tip BlockID `json:"tip"`

	Disconnected []BlockID        `json:"disconnected"`
	Connected    []ConnectedBlock `json:"connected"`
}

// ConnectedBlock is a block that was added to the main chain. Its filter can be read.
type ConnectedBlock struct {
	BlockID
	Time   int64  `json:"time"`
	Header string `json:"header"` // hex, 180 bytes
}

// WalletEvent is a change of a wallet. The list of the topic holds entries that are new or in
// another block; an entry may be sent more than once. A subscription begins with all unmined
// transactions: an unmined one that the client knew before and does not get has been removed.
type WalletEvent struct {
	// Cursor is the cursor of this event for a later subscribe. It is empty when More is set.
	Cursor string `json:"cursor,omitempty"`

	// Gap is true when not all changes since the cursor are known: the client has to read the
	// wallet again.
	Gap bool `json:"gap,omitempty"`

	// More is true when further notifications belong to this event.
	More bool `json:"more,omitempty"`

	// Tip is the newest block the wallet knows.
	Tip BlockID `json:"tip"`

	// Disconnected are blocks that have left the main chain, newest first. Transactions mined
	// there are unmined, unless they are sent again.
	Disconnected []BlockID `json:"disconnected,omitempty"`

	// Removed are the hashes of unmined transactions that were replaced, have expired or were
	// abandoned. For the topic spends they are those of the spending transactions.
	Removed []string `json:"removed,omitempty"`

	Transactions  []Transaction  `json:"transactions,omitempty"`
	Confirmations []Confirmation `json:"confirmations,omitempty"`
	Spends        []Spend        `json:"spends,omitempty"`
}

// Confirmation is the number of confirmations of a transaction: zero while it is not mined.
type Confirmation struct {
	TxID          string `json:"txid"`
	Confirmations int64  `json:"confirmations"`
	BlockHash     string `json:"blockhash,omitempty"`
	BlockHeight   int64  `json:"blockheight,omitempty"`

	// Amount is what the transaction adds to the wallet, as gettransaction's, and Label its label.
	Amount Amount `json:"amount"`
	Label  string `json:"label,omitempty"`

	// Payments are the outputs that pay to the wallet, change among them. It is never null.
	Payments []ConfirmedPayment `json:"payments"`
}

// ConfirmedPayment is an output that pays to the wallet.
type ConfirmedPayment struct {
	Vout    uint32 `json:"vout"`
	Account string `json:"account"`
	Address string `json:"address,omitempty"`
	Amount  Amount `json:"amount"`
	Label   string `json:"label,omitempty"` // of the address
	Change  bool   `json:"change,omitempty"`
}

// Spend is an output of the wallet and the transaction that spends it.
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

// JobsEvent holds the jobs of a wallet that have changed.
type JobsEvent struct {
	// Cursor is the cursor of this event for a later subscribe.
	Cursor string `json:"cursor"`

	// Gap is true when the daemon may have forgotten jobs that have ended since the cursor.
	Gap bool `json:"gap,omitempty"`

	Jobs []Job `json:"jobs"`
}
