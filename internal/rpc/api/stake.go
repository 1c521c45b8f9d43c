package api

// StakeInfo is the result of getstakeinfo: the fields that dcrwallet has and the chain shows, and
// bought, cost and reward.
type StakeInfo struct {
	BlockHeight  int64  `json:"blockheight"`  // of the wallet's tip
	Difficulty   Amount `json:"difficulty"`   // the ticket price of the next block
	TotalSubsidy Amount `json:"totalsubsidy"` // that the votes have made

	// OwnMempoolTix are not mined. Bought are all others: immature, unspent, voted or revoked.
	OwnMempoolTix uint32 `json:"ownmempooltix"`
	Bought        uint32 `json:"bought"`
	Immature      uint32 `json:"immature"`
	Unspent       uint32 `json:"unspent"` // mature, and neither voted nor revoked: live, or expired
	Voted         uint32 `json:"voted"`
	Revoked       uint32 `json:"revoked"` // missed, or expired

	// Live are the unspent ones that can vote, UnspentExpired those that cannot. Missed were
	// revoked before they could expire; Expired includes the UnspentExpired ones.
	Live           uint32 `json:"live"`
	UnspentExpired uint32 `json:"unspentexpired"`
	Missed         uint32 `json:"missed"`
	Expired        uint32 `json:"expired"`

	PoolSize         uint32  `json:"poolsize"`         // live tickets of the network, as the block says
	ProportionLive   float64 `json:"proportionlive"`   // of the live tickets of the network, 0 to 1
	ProportionMissed float64 `json:"proportionmissed"` // of those that have voted or missed, 0 to 1

	Cost   Amount `json:"cost"`   // of the immature and the unspent ones
	Reward Amount `json:"reward"` // what the votes and revocations have added to the wallet
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
	Status        string `json:"status"` // immature, live, voted, missed, expired or unknown
	BlockHash     string `json:"blockhash,omitempty"`
	BlockHeight   int64  `json:"blockheight"` // -1 while it is not mined
	Vote          string `json:"vote,omitempty"`
	Revocation    string `json:"revocation,omitempty"`

	MayVote bool  `json:"mayvote"` // the wallet has the right to vote with it
	Time    int64 `json:"time"`    // Unix seconds: of its block, or when it was first seen

	// Age is for how many blocks it has been mined, up to its vote or revocation, or the newest
	// block.
	Age int64 `json:"age"`

	// Where and when it has voted or was revoked, in Unix seconds; zero while neither is mined.
	SpentHeight int64 `json:"spentheight,omitempty"`
	SpentTime   int64 `json:"spenttime,omitempty"`

	// Reward is what its mined vote or revocation has added to the wallet, less than nothing for
	// the fee of a revocation. Nil without one.
	Reward *Amount `json:"reward,omitempty"`
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
