package api

// StakeInfo is the result of getstakeinfo: the fields that dcrwallet has without a full node.
type StakeInfo struct {
	BlockHeight  int64  `json:"blockheight"` // of the wallet's tip
	Difficulty   Amount `json:"difficulty"`  // the ticket price of the next block
	TotalSubsidy Amount `json:"totalsubsidy"`

	OwnMempoolTix  uint32 `json:"ownmempooltix"`
	Immature       uint32 `json:"immature"`
	Unspent        uint32 `json:"unspent"` // mature, and neither voted nor revoked
	Voted          uint32 `json:"voted"`
	Revoked        uint32 `json:"revoked"`
	UnspentExpired uint32 `json:"unspentexpired"` // of the unspent ones
	PoolSize       uint32 `json:"poolsize"`       // live tickets of the network, as the block says
}

// Tickets is the result of gettickets.
type Tickets struct {
	Hashes []string `json:"hashes"`
}

// TicketInfo is a line of ticketinfo.
type TicketInfo struct {
	Hash          string `json:"hash"`
	Cost          Amount `json:"cost"`
	VotingAddress string `json:"votingaddress"`
	Status        string `json:"status"` // immature, live, voted, revoked or unknown
	BlockHash     string `json:"blockhash,omitempty"`
	BlockHeight   int64  `json:"blockheight"` // -1 while it is not mined
	Vote          string `json:"vote,omitempty"`
	Revocation    string `json:"revocation,omitempty"`
}

// VoteChoices is the result of getvotechoices.
type VoteChoices struct {
	Version uint32       `json:"version"` // of the newest votes of the network
	Choices []VoteChoice `json:"choices"`
}

// VoteChoice is the choice in one vote.
type VoteChoice struct {
	AgendaID          string `json:"agendaid"`
	AgendaDescription string `json:"agendadescription,omitempty"`
	ChoiceID          string `json:"choiceid"`
	ChoiceDescription string `json:"choicedescription,omitempty"`
}

// TSpendPolicy is what tspendpolicy says of a payment of the treasury.
type TSpendPolicy struct {
	Hash   string `json:"hash"`
	Policy string `json:"policy"`
	Ticket string `json:"ticket,omitempty"`
}

// KeyPolicy is what treasurypolicy says of the payments that a key of the treasury signs.
type KeyPolicy struct {
	Key    string `json:"key"`
	Policy string `json:"policy"`
	Ticket string `json:"ticket,omitempty"`
}
