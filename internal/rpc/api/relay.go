package api

// Publication is the state of a published transaction.
type Publication struct {
	TxID    string `json:"txid"`
	Outcome string `json:"outcome"` // waiting, offered, seen, mined, expired, dropped or ended
	Since   int64  `json:"since"`   // when this process began to publish it
	Own     bool   `json:"own"`     // it concerns the wallet, which keeps it across restarts

	// Client is the host of the light client whose transaction it is; left out if it was
	// published by a user of this daemon.
	Client string `json:"client,omitempty"`

	OfferedTo int `json:"offeredto"` // peers
	FetchedBy int `json:"fetchedby"` // peers that have asked for it
	EchoedBy  int `json:"echoedby"`  // peers that have announced it without having been offered it

	Next   int64 `json:"next,omitempty"`        // when it is offered again, or to more peers
	Height int64 `json:"blockheight,omitempty"` // of the block that holds it
}

// SmartFee is the result of estimatesmartfee. The first two fields are dcrd's.
type SmartFee struct {
	FeeRate Amount `json:"feerate"` // per 1,000 bytes
	Blocks  int64  `json:"blocks"`  // until the transaction is mined

	Source     string `json:"source"`     // where the rate comes from, in words
	SeenBlocks int    `json:"seenblocks"` // whose fees are known
	FullBlocks int    `json:"fullblocks"` // of them had little room left
}
