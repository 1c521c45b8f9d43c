package api

import "encoding/json"

// WebhookEvent is the body of a request to the receiver of the setting notifyurl.
type WebhookEvent struct {
	// Stream names the file with the state of the daemon, and Seq numbers its events from one on
	// without a hole. An event that is sent again has the same number and content. Another
	// stream means that the state was lost: the receiver has to read all again.
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`

	// Event is the topic: blocks, transactions, confirmations or syncstatus.
	Event string `json:"event"`

	// Network is the name of the network: mainnet, testnet3 or simnet.
	Network string `json:"network"`

	// Wallet is the name of the wallet; empty for blocks and syncstatus.
	Wallet string `json:"wallet,omitempty"`

	// Time is when the event was made, in Unix seconds.
	Time int64 `json:"time"`

	// Data is what a websocket gets of the topic: a BlocksEvent, WalletEvent or SyncStatus.
	Data json.RawMessage `json:"data"`
}

// Webhook is the result of getwebhookinfo.
type Webhook struct {
	// Receiver is the scheme and the host of the receiver; empty if there is none.
	Receiver string `json:"receiver"`

	// Stream is that of the events, and Delivered the number of the last one that the receiver
	// has accepted.
	Stream    string `json:"stream"`
	Delivered uint64 `json:"delivered"`

	// Pending is the number of the event that the receiver has not accepted yet; zero if there is
	// none. Since is when it was first posted, in Unix seconds, Attempts how often it was posted
	// by this process, Trouble why that failed, and NextAttempt when it is posted again.
	Pending     uint64 `json:"pending"`
	Since       int64  `json:"since,omitempty"`
	Attempts    int    `json:"attempts,omitempty"`
	Trouble     string `json:"trouble,omitempty"`
	NextAttempt int64  `json:"nextattempt,omitempty"`
}
