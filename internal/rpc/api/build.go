package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Payment is an amount for an address.
type Payment struct {
	Address string
	Amount  Amount
}

// Payments are amounts for addresses. Their JSON is an object with an amount in coins for each
// address.
type Payments []Payment

// MarshalJSON implements json.Marshaler.
func (p Payments) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(one.Address)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%v", name, one.Amount)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler. It keeps the order, and refuses an address that
// is there twice: one of its amounts would be lost.
func (p *Payments) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not an object of amounts")
	}
	seen := make(map[string]bool)
	*p = Payments{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		value, err := d.Token()
		if err != nil {
			return err
		}
		number, ok := value.(json.Number)
		if !ok {
			return errors.New("an amount is not a number")
		}
		amount, err := parseCoins(number)
		if err != nil {
			return err
		}
		one := Payment{Address: name.(string), Amount: amount}
		if seen[one.Address] {
			return errors.New("an address is there twice")
		}
		seen[one.Address] = true
		*p = append(*p, one)
	}
	return nil
}

// Coins is an amount of which the JSON may also be a number in scientific notation.
type Coins Amount

// UnmarshalJSON implements json.Unmarshaler.
func (c *Coins) UnmarshalJSON(raw []byte) error {
	amount, err := parseCoins(json.Number(raw))
	*c = Coins(amount)
	return err
}

// MarshalJSON implements json.Marshaler.
func (c Coins) MarshalJSON() ([]byte, error) { return Amount(c).MarshalJSON() }

// parseCoins reads a number of coins. Clients that encode floats write the smallest ones in
// scientific notation.
func parseCoins(n json.Number) (Amount, error) {
	if !strings.ContainsAny(string(n), "eE") {
		var a Amount
		err := a.UnmarshalJSON([]byte(n))
		return a, err
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > 1e9 {
		return 0, fmt.Errorf("amount %s is not a number of coins", n)
	}
	atoms := math.Round(f * atomsPerCoin)
	if math.Abs(atoms-f*atomsPerCoin) > 1e-3 {
		return 0, fmt.Errorf("amount %s: more than %d digits behind the point", n, coinDigits)
	}
	return Amount(atoms), nil
}

// RawInput is an input of createrawtransaction, with dcrd's fields.
type RawInput struct {
	Amount Coins  `json:"amount,omitempty"`
	TxID   string `json:"txid"`
	Vout   uint32 `json:"vout"`
	Tree   int8   `json:"tree"`
}

// FundOptions are the options of fundrawtransaction. All but ChangeAccount are dcrwallet's.
type FundOptions struct {
	ChangeAddress string `json:"changeaddress,omitempty"`
	ChangeAccount string `json:"changeaccount,omitempty"`
	FeeRate       Coins  `json:"feerate,omitempty"`     // per 1,000 bytes
	ConfTarget    *int64 `json:"conf_target,omitempty"` // confirmations of the coins
}

// FundedTransaction is the result of fundrawtransaction.
type FundedTransaction struct {
	Hex string `json:"hex"`
	Fee Amount `json:"fee"`
}

// BuildOptions are the options of buildtransaction.
type BuildOptions struct {
	Sweep         string     `json:"sweep,omitempty"`
	Account       string     `json:"account,omitempty"`
	Coins         []OutPoint `json:"coins,omitempty"`
	MinConf       *int64     `json:"minconf,omitempty"`
	FeeRate       Coins      `json:"feerate,omitempty"` // per 1,000 bytes
	Target        int64      `json:"target,omitempty"`  // blocks
	ChangeAddress string     `json:"changeaddress,omitempty"`
	ChangeAccount string     `json:"changeaccount,omitempty"`
	ChangeBranch  *uint32    `json:"changebranch,omitempty"`
	Expiry        uint32     `json:"expiry,omitempty"`
	Reserve       *int64     `json:"reserve,omitempty"` // seconds
}

// BuiltTransaction is the result of buildtransaction: what a signer has to know.
type BuiltTransaction struct {
	Hex     string `json:"hex"`
	Network string `json:"network"`
	TxID    string `json:"txid"` // signing does not change it

	Inputs  []BuiltInput  `json:"inputs"`
	Outputs []BuiltOutput `json:"outputs"`

	Fee       Amount `json:"fee"`
	FeeRate   Amount `json:"feerate"`   // that was aimed at, per 1,000 bytes
	FeeSource string `json:"feesource"` // where the rate comes from, in words
	Size      int    `json:"size"`      // in bytes once it is signed, at most
	Expiry    uint32 `json:"expiry,omitempty"`

	// Previous are the transactions that the inputs spend outputs of: their hashes prove the
	// amounts to a signer, whose signature does not cover them.
	Previous []PreviousTransaction `json:"previous"`

	Height        int64 `json:"height"`                  // of the wallet's tip
	ReservedUntil int64 `json:"reserveduntil,omitempty"` // when the lock of the coins ends

	// Uneconomic is how many coins were left out because they are worth less than their part of
	// the fee, Unsignable how many because they pay to scripts that are not known.
	Uneconomic int `json:"uneconomic,omitempty"`
	Unsignable int `json:"unsignable,omitempty"`

	// Left is how many coins a sweep leaves because nodes relay no larger transaction: call again,
	// and the next one spends them, while those of this one are reserved.
	Left int `json:"left,omitempty"`
}

// BuiltInput is what an input spends.
type BuiltInput struct {
	TxID          string `json:"txid"`
	Vout          uint32 `json:"vout"`
	Tree          int8   `json:"tree"`
	Amount        Amount `json:"amount"`
	ScriptPubKey  string `json:"scriptPubKey"` // of version 0
	RedeemScript  string `json:"redeemScript,omitempty"`
	Address       string `json:"address,omitempty"`
	Account       string `json:"account"`
	Confirmations int64  `json:"confirmations"`

	// Keys are the keys of accounts of the wallet that sign for it: none for an imported address.
	Keys []KeyPath `json:"keys"`
}

// KeyPath says how to derive a key: from the account with the hardened index, as BIP 44 has it.
type KeyPath struct {
	Account      string `json:"account"`
	AccountIndex uint32 `json:"accountindex"`
	Branch       uint32 `json:"branch"`
	Index        uint32 `json:"index"`
	PubKey       string `json:"pubkey,omitempty"`
}

// BuiltOutput is an output. Key is that of change to an account of the wallet.
type BuiltOutput struct {
	Amount       Amount   `json:"amount"`
	Address      string   `json:"address,omitempty"`
	ScriptPubKey string   `json:"scriptPubKey"`
	Change       bool     `json:"change,omitempty"`
	Key          *KeyPath `json:"key,omitempty"`
}

// PreviousTransaction is a transaction whose output is spent.
type PreviousTransaction struct {
	TxID string `json:"txid"`
	Hex  string `json:"hex"`
}

// The values of CheckedInput.Signature.
const (
	SignatureValid   = "valid"
	SignatureWrong   = "wrong"
	SignatureMissing = "missing"
	SignatureUnknown = "unknown" // it cannot be verified without the output that is spent
)

// CheckedTransaction is the result of checktransaction.
type CheckedTransaction struct {
	TxID   string `json:"txid"`
	Signed bool   `json:"signed"` // every input is rightly signed

	// Ready means that nothing is known that speaks against publishing it. Problems are what does.
	Ready    bool     `json:"ready"`
	Problems []string `json:"problems"`

	Inputs  []CheckedInput  `json:"inputs"`
	Outputs []CheckedOutput `json:"outputs"`

	// Fee and FeeRate, per 1,000 bytes, are left out unless all that it spends is known.
	Fee     *Amount `json:"fee,omitempty"`
	FeeRate *Amount `json:"feerate,omitempty"`
	Size    int     `json:"size"`
	Expiry  uint32  `json:"expiry,omitempty"`
}

// CheckedInput is an input. Amount and Address are left out if what it spends is not known.
type CheckedInput struct {
	TxID      string  `json:"txid"`
	Vout      uint32  `json:"vout"`
	Tree      int8    `json:"tree"`
	Amount    *Amount `json:"amount,omitempty"`
	Address   string  `json:"address,omitempty"`
	Account   string  `json:"account,omitempty"` // empty if it is not the wallet's
	Signature string  `json:"signature"`         // valid, wrong, missing or unknown
	Error     string  `json:"error,omitempty"`   // why it is wrong
	Spent     bool    `json:"spent,omitempty"`   // another transaction spends it
}

// CheckedOutput is an output. Account is empty if it is not the wallet's.
type CheckedOutput struct {
	Amount  Amount `json:"amount"`
	Address string `json:"address,omitempty"`
	Type    string `json:"type"`
	Account string `json:"account,omitempty"`
	Change  bool   `json:"change,omitempty"` // to an internal address
	Label   string `json:"label,omitempty"`
}

// DecodedScript is the result of decodescript, with dcrd's fields.
type DecodedScript struct {
	Asm       string   `json:"asm"`
	ReqSigs   int32    `json:"reqSigs,omitempty"`
	Type      string   `json:"type"`
	Addresses []string `json:"addresses,omitempty"`
	P2SH      string   `json:"p2sh,omitempty"`
}
