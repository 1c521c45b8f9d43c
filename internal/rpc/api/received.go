package api

// ReceivedByAddress is a line of listreceivedbyaddress.
type ReceivedByAddress struct {
	Account       string   `json:"account"`
	Address       string   `json:"address"`
	Amount        Amount   `json:"amount"`
	Confirmations int64    `json:"confirmations"` // of the newest payment
	TxIDs         []string `json:"txids,omitempty"`
}

// ReceivedByAccount is a line of listreceivedbyaccount.
type ReceivedByAccount struct {
	Account       string `json:"account"`
	Amount        Amount `json:"amount"`
	Confirmations int64  `json:"confirmations"` // of the newest payment
}

// Multisig is the result of createmultisig.
type Multisig struct {
	Address      string `json:"address"`
	RedeemScript string `json:"redeemScript"`
}

// MultisigOut is the result of getmultisigoutinfo.
type MultisigOut struct {
	Address      string   `json:"address"`
	RedeemScript string   `json:"redeemscript"`
	M            int      `json:"m"` // how many of N have to sign
	N            int      `json:"n"`
	PubKeys      []string `json:"pubkeys"`
	TxHash       string   `json:"txhash"`
	BlockHeight  int64    `json:"blockheight"` // 0 while it is not mined
	BlockHash    string   `json:"blockhash"`
	Spent        bool     `json:"spent"`
	SpentBy      string   `json:"spentby"`
	SpentByIndex int      `json:"spentbyindex"`
	Amount       Amount   `json:"amount"`
}

// AccountUnlocked is the result of accountunlocked.
type AccountUnlocked struct {
	Encrypted bool `json:"encrypted"`
}
