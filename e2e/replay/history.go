package replay

import (
	"encoding/hex"
	"slices"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdscript"
)

// Detail is what one output of a transaction pays, to others if it is negative.
type Detail struct {
	Account  string  `json:"account"`
	Address  string  `json:"address"`
	Amount   Amount  `json:"amount"`
	Category string  `json:"category"` // dcrwallet's
	Purpose  string  `json:"purpose"`  // spvd's, where it says more
	Fee      *Amount `json:"fee"`
	Vout     uint32  `json:"vout"`
}

// Line is a line of listtransactions.
type Line struct {
	Detail
	BlockHash     string `json:"blockhash"`
	BlockHeight   int64  `json:"blockheight"`
	BlockIndex    int64  `json:"blockindex"`
	BlockTime     int64  `json:"blocktime"`
	Confirmations int64  `json:"confirmations"`
	Generated     bool   `json:"generated"`
	Time          int64  `json:"time"`
	TxID          string `json:"txid"`
	Net           Amount `json:"net"`
	TxType        string `json:"txtype"`
	Type          string `json:"type"`
}

// Transaction is what gettransaction answers.
type Transaction struct {
	Amount        Amount   `json:"amount"`
	Fee           *Amount  `json:"fee"`
	Confirmations int64    `json:"confirmations"`
	BlockHash     string   `json:"blockhash"`
	BlockHeight   int64    `json:"blockheight"`
	BlockIndex    int64    `json:"blockindex"`
	BlockTime     int64    `json:"blocktime"`
	TxID          string   `json:"txid"`
	Time          int64    `json:"time"`
	Details       []Detail `json:"details"`
	Hex           string   `json:"hex"`
	Type          string   `json:"type"`
	TicketStatus  string   `json:"ticketstatus"`
}

// Transactions returns the transactions that concern the wallet, newest first.
func (b *Book) Transactions() []Transaction {
	list := []Transaction{}
	for _, e := range slices.Backward(b.txs) {
		raw, err := e.msg.Bytes()
		if err != nil {
			panic(err) // it came in a block
		}
		tx := Transaction{
			Amount:        e.net(),
			Fee:           negated(e.fee()),
			Confirmations: b.confirmations(e),
			BlockHash:     e.block.BlockHash().String(),
			BlockHeight:   e.height,
			BlockIndex:    int64(e.index),
			BlockTime:     e.block.Header.Timestamp.Unix(),
			TxID:          e.hash.String(),
			Time:          e.block.Header.Timestamp.Unix(),
			Details:       append(e.paid(), b.got(e)...),
			Hex:           hex.EncodeToString(raw),
			Type:          e.kind,
			TicketStatus:  b.status(e),
		}
		list = append(list, tx)
	}
	return list
}

// Lines returns the lines of the transactions above a height, newest first.
func (b *Book) Lines(above int64) []Line {
	list := []Line{}
	for _, tx := range b.Transactions() {
		for _, d := range tx.Details {
			if tx.BlockHeight <= above {
				continue
			}
			list = append(list, Line{
				Detail:        d,
				BlockHash:     tx.BlockHash,
				BlockHeight:   tx.BlockHeight,
				BlockIndex:    tx.BlockIndex,
				BlockTime:     tx.BlockTime,
				Confirmations: tx.Confirmations,
				Generated:     tx.Type == coinbase,
				Net:           tx.Amount,
				Time:          tx.Time,
				TxID:          tx.TxID,
				TxType:        txType(tx.Type),
				Type:          tx.Type,
			})
		}
	}
	return list
}

// txType names a type as lists do, which know only what concerns tickets.
func txType(kind string) string {
	if kind == ticket || kind == vote || kind == revocation {
		return kind
	}
	return regular
}

// LinesOf returns the lines that an account pays or is paid, newest first.
func (b *Book) LinesOf(account string) []Line {
	pays := make(map[string]bool)
	for _, e := range b.txs {
		pays[e.hash.String()] = slices.ContainsFunc(e.spends, func(c *holding) bool { return c.owner.account == account })
	}
	return slices.DeleteFunc(b.Lines(0), func(l Line) bool {
		return l.Account != account && (l.Account != "" || !pays[l.TxID])
	})
}

// net returns what a transaction adds to the wallet. What is in a ticket is still
// the wallet's.
func (e *entry) net() Amount {
	var net Amount
	for _, c := range e.received {
		net += c.amount
	}
	for _, p := range e.promises {
		net += p.amount
	}
	for _, c := range e.spends {
		net -= c.amount
	}
	if e.redeemed != nil {
		for _, p := range e.redeemed.tx.promises {
			net -= p.amount
		}
	}
	return net
}

// fee returns what the miner gets, if the wallet paid for everything.
func (e *entry) fee() *Amount {
	if len(e.spends) < len(e.msg.TxIn) {
		return nil
	}
	var fee Amount
	for _, c := range e.spends {
		fee += c.amount
	}
	for _, out := range e.msg.TxOut {
		fee -= Amount(out.Value)
	}
	return &fee
}

// negated returns an amount with the other sign.
func negated(a *Amount) *Amount {
	if a == nil {
		return nil
	}
	n := -*a
	return &n
}

// paid returns what the wallet pays, if it does. Change is none of that.
func (e *entry) paid() []Detail {
	list := []Detail{}
	purpose := ""
	switch e.kind {
	case ticket:
		purpose = "ticket"
	case treasuryAdd:
		purpose = "treasury"
	}
	for i, out := range e.msg.TxOut {
		if len(e.spends) == 0 || out.Value == 0 || e.changeAt(i) {
			continue
		}
		d := Detail{Address: address(e.kind, out.PkScript), Amount: -Amount(out.Value), Category: "send", Purpose: purpose, Vout: uint32(i)}
		d.Fee = negated(e.fee())
		list = append(list, d)
	}
	return list
}

// changeAt reports whether an output is change: paid to a change address by a
// transaction that spends the wallet's money.
func (e *entry) changeAt(i int) bool {
	return slices.ContainsFunc(e.received, func(c *holding) bool { return c.index == i && c.owner.internal && len(e.spends) > 0 })
}

// got returns what the wallet is paid.
func (b *Book) got(e *entry) []Detail {
	var list []Detail
	for _, c := range e.received {
		if e.changeAt(c.index) {
			continue
		}
		d := Detail{Account: c.owner.account, Address: c.owner.address, Amount: c.amount, Vout: uint32(c.index)}
		d.Category, d.Purpose = b.category(c)
		list = append(list, d)
	}
	return list
}

// category names what a coin is.
func (b *Book) category(c *holding) (category, purpose string) {
	young := c.isReward() && b.confirmations(c.tx) < rewardMaturity
	switch {
	case c.tx.kind == coinbase && young:
		return "immature", ""
	case c.tx.kind == coinbase:
		return "generate", ""
	case young:
		return "receive", "immature"
	case c.tx.kind == vote, c.tx.kind == revocation:
		return "receive", c.tx.kind
	case c.tx.kind == treasurySpend:
		return "receive", "treasury"
	}
	return "receive", ""
}

// status says what has become of a ticket, empty for other transactions.
func (b *Book) status(e *entry) string {
	switch {
	case e.kind != ticket:
		return ""
	case e.purchased == nil:
		return "unknown"
	case e.purchased.spent != nil && e.purchased.spent.kind == vote:
		return "voted"
	case e.purchased.spent != nil && e.purchased.spent.height-e.height < ticketLife:
		return "missed"
	case e.purchased.spent != nil, b.confirmations(e) > ticketLife:
		return "expired"
	case b.confirmations(e) < ticketMaturity:
		return "immature"
	}
	return "live"
}

// address returns the address that an output pays to, empty if there is none.
func address(kind string, script []byte) string {
	_, addrs := stdscript.ExtractAddrs(0, payee(kind, script), chaincfg.SimNetParams())
	if len(addrs) != 1 {
		return ""
	}
	return addrs[0].String()
}
