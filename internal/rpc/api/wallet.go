package api

import "cmp"

// Balance is the result of getbalance.
type Balance struct {
	Balances  []AccountBalance `json:"balances"`
	BlockHash string           `json:"blockhash"` // of the wallet's tip

	TotalImmatureCoinbase Amount `json:"totalimmaturecoinbaserewards"`
	TotalImmatureStake    Amount `json:"totalimmaturestakegeneration"`
	TotalLockedByTickets  Amount `json:"totallockedbytickets"`
	TotalSpendable        Amount `json:"totalspendable"`
	CumulativeTotal       Amount `json:"cumulativetotal"`
	TotalUnconfirmed      Amount `json:"totalunconfirmed"`
	TotalVotingAuthority  Amount `json:"totalvotingauthority"`
}

// AccountBalance is the balance of one account. Total is the sum of all the
// others but VotingAuthority.
type AccountBalance struct {
	AccountName      string `json:"accountname"`
	ImmatureCoinbase Amount `json:"immaturecoinbaserewards"`
	ImmatureStake    Amount `json:"immaturestakegeneration"`
	LockedByTickets  Amount `json:"lockedbytickets"`
	Spendable        Amount `json:"spendable"`
	Total            Amount `json:"total"`
	Unconfirmed      Amount `json:"unconfirmed"`
	VotingAuthority  Amount `json:"votingauthority"`
}

// Transaction is the result of gettransaction.
type Transaction struct {
	Amount          Amount   `json:"amount"`        // what it adds to the wallet
	Fee             *Amount  `json:"fee,omitempty"` // negative
	Confirmations   int64    `json:"confirmations"`
	BlockHash       string   `json:"blockhash"` // empty while it is not mined
	BlockHeight     int64    `json:"blockheight"`
	BlockIndex      int64    `json:"blockindex"`
	BlockTime       int64    `json:"blocktime"`
	Disapproved     bool     `json:"disapproved,omitempty"` // the next block has made it void
	TxID            string   `json:"txid"`
	WalletConflicts []string `json:"walletconflicts"`
	Time            int64    `json:"time"`
	TimeReceived    int64    `json:"timereceived"`
	Details         []Detail `json:"details"`
	Hex             string   `json:"hex"`
	Type            string   `json:"type"`
	TicketStatus    string   `json:"ticketstatus,omitempty"`
	Label           string   `json:"label,omitempty"`

	Publishing *Publication `json:"publishing,omitempty"` // only in gettransaction

	Votes
}

// Detail is one line of a transaction: a payment to the wallet, or one to others, whose
// amount is negative.
type Detail struct {
	Account  string  `json:"account"` // empty for a payment to others
	Address  string  `json:"address,omitempty"`
	Amount   Amount  `json:"amount"`
	Category string  `json:"category"`          // send, receive, immature or generate
	Purpose  string  `json:"purpose,omitempty"` // ticket, vote, revocation, treasury or immature, of what is neither a payment nor a block reward
	Fee      *Amount `json:"fee,omitempty"`     // of the transaction, negative, where it sends
	Vout     uint32  `json:"vout"`

	AddressLabel string `json:"addresslabel,omitempty"`
}

// Kind returns what the line is for: its purpose, or its category if that says all.
func (d *Detail) Kind() string { return cmp.Or(d.Purpose, d.Category) }

// ListedTransaction is a line of listtransactions and of similar lists.
type ListedTransaction struct {
	Detail
	BlockHash       string   `json:"blockhash,omitempty"`
	BlockHeight     int64    `json:"blockheight,omitempty"`
	BlockIndex      *int64   `json:"blockindex,omitempty"`
	BlockTime       int64    `json:"blocktime,omitempty"`
	Confirmations   int64    `json:"confirmations"`
	Generated       bool     `json:"generated,omitempty"`
	Net             Amount   `json:"net"` // what the whole transaction adds to the wallet, as gettransaction's amount
	Time            int64    `json:"time"`
	TimeReceived    int64    `json:"timereceived"`
	TxID            string   `json:"txid"`
	TxType          string   `json:"txtype"` // regular, ticket, vote or revocation
	Type            string   `json:"type"`   // that of gettransaction
	WalletConflicts []string `json:"walletconflicts"`
	Label           string   `json:"label,omitempty"` // of the transaction

	// VotesVerified and VotesConfirmations are those of gettransaction.
	VotesVerified      *int64 `json:"votesverified,omitempty"`
	VotesConfirmations *int64 `json:"votesconfirmations,omitempty"`
}

// SinceBlock is the result of listsinceblock.
type SinceBlock struct {
	Transactions []ListedTransaction `json:"transactions"`
	LastBlock    string              `json:"lastblock"`

	// Removed lists transactions that were mined in blocks that have left the chain since, or
	// were made void by the votes of the next block. It is never null.
	Removed []ListedTransaction `json:"removed"`
}

// Imported is the result of importaddresses and importscripts.
type Imported struct {
	// New is how many were not watched before, Known how many were.
	New   int `json:"new"`
	Known int `json:"known"`
}

// Unspent is a line of listunspent.
type Unspent struct {
	TxID          string `json:"txid"`
	Vout          uint32 `json:"vout"`
	Tree          int8   `json:"tree"`
	TxType        int    `json:"txtype"` // 0 regular, 1 ticket, 2 vote, 3 revocation, 4 treasury add, 5 treasury spend
	Address       string `json:"address"`
	Account       string `json:"account"`
	ScriptPubKey  string `json:"scriptPubKey"`
	RedeemScript  string `json:"redeemScript,omitempty"`
	Amount        Amount `json:"amount"`
	Confirmations int64  `json:"confirmations"`

	// Spendable means that it is mature and no ticket. The daemon has no keys.
	Spendable bool `json:"spendable"`

	Label string `json:"label,omitempty"` // of the address
}

// OutPoint identifies an output in lockunspent and listlockunspent.
type OutPoint struct {
	TxID string `json:"txid"`
	Vout uint32 `json:"vout"`
	Tree int8   `json:"tree"`
}

// LockedOutput is an output that is not to be spent.
type LockedOutput struct {
	OutPoint
	Amount Amount `json:"amount,omitempty"` // of listlockunspent; 0 if the wallet no longer knows it
	Until  int64  `json:"until,omitempty"`  // Unix seconds when a reservation ends; 0 is never
}

// Received is the sum of all payments to an address, spent since or not.
type Received struct {
	Account string `json:"account"`
	Address string `json:"address"`
	Amount  Amount `json:"amount"`
}

// AddressInfo is the result of validateaddress.
type AddressInfo struct {
	IsValid      bool   `json:"isvalid"`
	Address      string `json:"address,omitempty"`
	IsMine       bool   `json:"ismine,omitempty"`
	IsWatchOnly  bool   `json:"iswatchonly,omitempty"`
	IsScript     bool   `json:"isscript,omitempty"`
	PubKeyAddr   string `json:"pubkeyaddr,omitempty"`
	PubKey       string `json:"pubkey,omitempty"`
	IsCompressed bool   `json:"iscompressed,omitempty"`
	Account      string `json:"account,omitempty"`

	// Addresses are those in the redeem script Hex, whose type is Script; without
	// one that is the type of the script that pays to the address.
	Addresses    []string `json:"addresses,omitempty"`
	Hex          string   `json:"hex,omitempty"`
	Script       string   `json:"script,omitempty"`
	SigsRequired int32    `json:"sigsrequired,omitempty"` // by a multisignature script

	AccountN *uint32 `json:"accountn,omitempty"` // number of the account, of derived addresses

	Branch *uint32 `json:"branch,omitempty"`
	Index  *uint32 `json:"index,omitempty"`
	Label  string  `json:"label,omitempty"`

	// BeyondGap means that the address lies beyond the gap limit: this wallet watches it, and
	// one restored from the key alone would not find payments to it.
	BeyondGap bool `json:"beyondgap,omitempty"`
}

// WalletInfo is the result of walletinfo. The daemon holds no keys: it is never
// unlocked and never votes.
type WalletInfo struct {
	DaemonConnected  bool   `json:"daemonconnected"`
	SPV              bool   `json:"spv"`
	Unlocked         bool   `json:"unlocked"`
	CoinType         uint32 `json:"cointype"`
	TxFee            Amount `json:"txfee"`
	VoteBits         uint16 `json:"votebits"`
	VoteBitsExtended string `json:"votebitsextended"`
	VoteVersion      uint32 `json:"voteversion"`
	Voting           bool   `json:"voting"`
	VSP              string `json:"vsp"`
	ManualTickets    bool   `json:"manualtickets"`
	BirthHash        string `json:"birthhash"`
	BirthHeight      int64  `json:"birthheight"` // 0 while it is not known

	WatchOnly bool      `json:"watchonly"`
	Height    int64     `json:"height"`  // of the wallet's tip
	Scanned   int64     `json:"scanned"` // below Height while old blocks are searched
	Scripts   int       `json:"scripts"` // that are watched
	Accounts  []Account `json:"accounts"`
}

// Account is an account with an extended public key.
type Account struct {
	Name     string `json:"name"`
	Number   uint32 `json:"number"`
	Birthday string `json:"birthday"` // a height, or a date that no block has reached
	Gap      uint32 `json:"gap"`      // the gap limit
	External uint32 `json:"external"` // addresses handed out or used
	Internal uint32 `json:"internal"` // change addresses handed out or used
}

// TxOut is the result of gettxout.
type TxOut struct {
	BestBlock     string   `json:"bestblock"`
	Confirmations int64    `json:"confirmations"`
	Value         Amount   `json:"value"`
	ScriptPubKey  PkScript `json:"scriptPubKey"`
	Coinbase      bool     `json:"coinbase"`
}

// PkScript is the script of an output.
type PkScript struct {
	Asm       string   `json:"asm"`
	Hex       string   `json:"hex"`
	ReqSigs   int32    `json:"reqSigs,omitempty"`
	Type      string   `json:"type"`
	Addresses []string `json:"addresses"`
	Version   uint16   `json:"version"`
}
