package wallet

import (
	"slices"

	"github.com/decred/dcrd/dcrutil/v4"
)

// Category is how one output of a transaction shows in a list.
type Category uint8

// The categories.
const (
	Send               Category = iota // paid to others
	Receive                            // paid to the wallet
	Immature                           // earned, but not to be spent yet
	Generate                           // earned
	CategoryTicket                     // locked in a ticket
	CategoryVote                       // returned by a vote
	CategoryRevocation                 // returned by a revocation
	CategoryTreasury                   // paid to or by the treasury
)

// String returns the name of the category, dcrwallet's where it has one.
func (c Category) String() string {
	switch c {
	case Send:
		return "send"
	case Receive:
		return "receive"
	case Immature:
		return "immature"
	case Generate:
		return "generate"
	case CategoryTicket:
		return "ticket"
	case CategoryVote:
		return "vote"
	case CategoryRevocation:
		return "revocation"
	case CategoryTreasury:
		return "treasury"
	}
	return "unknown"
}

// Entry is one line of a transaction list.
type Entry struct {
	Category Category
	Account  string // empty for what is sent
	Address  string
	Amount   dcrutil.Amount // in atoms, negative for what is sent
	Index    uint32         // of the output
	Label    string         // of the address
}

// Payers returns the accounts whose outputs the transaction spends, each once.
func (t *Transaction) Payers() []string {
	var list []string
	for _, d := range t.Debits {
		if !slices.Contains(list, d.Account) {
			list = append(list, d.Account)
		}
	}
	return list
}

// Entries returns the lines by which a transaction shows in a list: what it
// sends, then what it receives. Change is left out. An output that the wallet
// pays to itself is both sent and received.
func (t *Transaction) Entries() []Entry {
	mine := make(map[uint32]*Credit, len(t.Credits))
	for i := range t.Credits {
		mine[t.Credits[i].Index] = &t.Credits[i]
	}
	var list []Entry
	for i, out := range t.Outputs {
		c := mine[uint32(i)]
		if len(t.Debits) == 0 || c != nil && c.Change || out.Amount == 0 {
			continue
		}
		list = append(list, Entry{Category: t.sent(), Address: out.Address, Amount: -out.Amount, Index: uint32(i), Label: out.Label})
	}
	for i := range t.Credits {
		c := &t.Credits[i]
		if c.Change || c.Source == FromTicket {
			continue
		}
		e := Entry{Category: t.received(c), Account: c.Account, Address: c.Address, Amount: c.Amount, Index: c.Index}
		if out := &t.Outputs[c.Index]; out.Address == e.Address {
			e.Label = out.Label
		}
		list = append(list, e)
	}
	return list
}

// sent returns the category of what the transaction pays to others.
func (t *Transaction) sent() Category {
	switch t.Kind {
	case Ticket:
		return CategoryTicket
	case TreasuryAdd:
		return CategoryTreasury
	case Regular, Coinbase, Vote, Revocation, TreasurySpend, TreasuryBase:
	}
	return Send
}

// received returns the category of an output that pays the wallet.
func (t *Transaction) received(c *Credit) Category {
	if c.Source != FromPayment && c.Source != FromChange && !c.Mature {
		return Immature
	}
	switch c.Source {
	case FromCoinbase:
		return Generate
	case FromVote:
		return CategoryVote
	case FromRevocation:
		return CategoryRevocation
	case FromTreasury:
		return CategoryTreasury
	case FromTicket:
		return CategoryTicket
	case FromPayment, FromChange:
	}
	return Receive
}
