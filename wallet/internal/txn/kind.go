package txn

import (
	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
)

// Kind is what a transaction does on the chain.
type Kind uint8

// The kinds of transactions.
const (
	Regular Kind = iota
	Coinbase
	Ticket
	Vote
	Revocation
	TreasuryAdd
	TreasurySpend
	TreasuryBase
)

// String returns the name of the kind.
func (k Kind) String() string {
	switch k {
	case Regular:
		return "regular"
	case Coinbase:
		return "coinbase"
	case Ticket:
		return "ticket"
	case Vote:
		return "vote"
	case Revocation:
		return "revocation"
	case TreasuryAdd:
		return "treasuryadd"
	case TreasurySpend:
		return "treasuryspend"
	case TreasuryBase:
		return "treasurybase"
	}
	return "unknown"
}

// KindAt determines the kind of a mined transaction.
func KindAt(p Place, tx *wire.MsgTx) Kind {
	switch {
	case p.Tree == wire.TxTreeStake:
		return KindOf(tx)
	case p.Index == 0:
		return Coinbase
	}
	return Regular
}

// KindOf determines the kind of a transaction by nothing but its looks.
func KindOf(tx *wire.MsgTx) Kind {
	switch stake.DetermineTxType(tx) {
	case stake.TxTypeSStx:
		return Ticket
	case stake.TxTypeSSGen:
		return Vote
	case stake.TxTypeSSRtx:
		return Revocation
	case stake.TxTypeTAdd:
		return TreasuryAdd
	case stake.TxTypeTSpend:
		return TreasurySpend
	case stake.TxTypeTreasuryBase:
		return TreasuryBase
	case stake.TxTypeRegular:
	}
	if standalone.IsCoinBaseTx(tx, true) || standalone.IsCoinBaseTx(tx, false) {
		return Coinbase
	}
	return Regular
}

// MinedOnly reports whether transactions of a kind only exist in the block that
// they were made for, and are worthless without it.
func MinedOnly(k Kind) bool {
	return k == Coinbase || k == TreasuryBase || k == Vote || k == Revocation
}

// Source is where an output comes from, which decides when it may be spent.
type Source uint8

// The sources of outputs.
const (
	FromPayment    Source = iota // a regular output
	FromCoinbase                 // a block reward
	FromTicket                   // a ticket: the right to vote
	FromChange                   // change of a ticket purchase or treasury add
	FromVote                     // the return of a ticket that voted
	FromRevocation               // the return of a ticket that did not
	FromTreasury                 // a treasury spend
	LastSource     = FromTreasury
)

// Maturity returns how many confirmations an output of a transaction needs
// before the next block may spend it. If the transaction has an expiry, that is
// never less than for a block reward (dcrd: checkTransactionInputs).
func Maturity(s Source, tx *wire.MsgTx, p *chaincfg.Params) int64 {
	if tx.Expiry != wire.NoExpiryValue {
		return max(LeastMaturity(s, p), int64(p.CoinbaseMaturity))
	}
	return LeastMaturity(s, p)
}

// LeastMaturity returns how many confirmations an output needs if its
// transaction has no expiry.
func LeastMaturity(s Source, p *chaincfg.Params) int64 {
	switch s {
	case FromPayment:
		return 1
	case FromChange:
		return int64(p.SStxChangeMaturity)
	case FromTicket:
		// A vote comes in the block after the maturity at the earliest: the lottery
		// for it takes place in the block before.
		return int64(p.TicketMaturity) + 1
	case FromCoinbase, FromVote, FromRevocation, FromTreasury:
		return int64(p.CoinbaseMaturity)
	}
	return 0
}

// TreeOf returns the tree that transactions of a kind are in.
func TreeOf(k Kind) int8 {
	if k == Regular || k == Coinbase {
		return wire.TxTreeRegular
	}
	return wire.TxTreeStake
}
