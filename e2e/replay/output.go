package replay

import (
	"encoding/hex"

	"github.com/decred/dcrd/wire"
)

// Unspent is a line of listunspent.
type Unspent struct {
	TxID          string `json:"txid"`
	Vout          uint32 `json:"vout"`
	Tree          int8   `json:"tree"`
	TxType        int    `json:"txtype"`
	Address       string `json:"address"`
	Account       string `json:"account"`
	ScriptPubKey  string `json:"scriptPubKey"`
	Amount        Amount `json:"amount"`
	Confirmations int64  `json:"confirmations"`
	Spendable     bool   `json:"spendable"`
}

// Unspent returns the outputs that can be spent now, in the order of the chain.
func (b *Book) Unspent(minConf int64) []Unspent {
	list := []Unspent{}
	for _, c := range b.inOrder() {
		confs := b.confirmations(c.tx)
		if c.spent != nil || c.owner == nil || confs < minConf || confs < c.maturity() {
			continue
		}
		list = append(list, Unspent{
			TxID:          c.tx.hash.String(),
			Vout:          uint32(c.index),
			Tree:          c.tx.tree,
			TxType:        map[string]int{ticket: 1, vote: 2, revocation: 3, treasuryAdd: 4, treasurySpend: 5}[c.tx.kind],
			Address:       c.owner.address,
			Account:       c.owner.account,
			ScriptPubKey:  hex.EncodeToString(c.script()),
			Amount:        c.amount,
			Confirmations: confs,
			Spendable:     !c.isTicket(),
		})
	}
	return list
}

// inOrder returns the coins in the order of the chain. Within a ticket, the ticket
// itself was kept last and comes first.
func (b *Book) inOrder() []*holding {
	var list []*holding
	for _, e := range b.txs {
		if e.purchased != nil {
			list = append(list, e.purchased)
		}
		list = append(list, e.received...)
	}
	return list
}

// Output is what gettxout answers.
type Output struct {
	BestBlock     string `json:"bestblock"`
	Confirmations int64  `json:"confirmations"`
	Value         Amount `json:"value"`
	ScriptPubKey  struct {
		Hex string `json:"hex"`
	} `json:"scriptPubKey"`
	Coinbase bool `json:"coinbase"`
}

// Coin is an output that pays the wallet.
type Coin struct {
	Op     wire.OutPoint
	Script []byte
	Amount int64
	Spent  bool
	Mature bool
	Output Output // what gettxout answers while it is not spent
}

// Coins returns all outputs that ever paid an account, or the imported scripts.
// Tickets are among them if the account may vote with them.
func (b *Book) Coins(account string) []Coin {
	var list []Coin
	for _, c := range b.inOrder() {
		if c.owner == nil || c.owner.account != account {
			continue
		}
		o := Output{
			BestBlock:     b.blocks[b.tip].BlockHash().String(),
			Confirmations: b.confirmations(c.tx),
			Value:         c.amount,
			Coinbase:      c.tx.kind == coinbase,
		}
		o.ScriptPubKey.Hex = hex.EncodeToString(c.script())
		list = append(list, Coin{
			Op:     wire.OutPoint{Hash: c.tx.hash, Index: uint32(c.index), Tree: c.tx.tree},
			Script: c.script(),
			Amount: int64(c.amount),
			Spent:  c.spent != nil,
			Mature: o.Confirmations >= c.maturity() && !c.isTicket(),
			Output: o,
		})
	}
	return list
}

// script returns the script of a coin.
func (c *holding) script() []byte { return c.tx.msg.TxOut[c.index].PkScript }
