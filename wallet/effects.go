package wallet

import (
	"math"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// Offsets in the commitment output of a ticket: OP_RETURN, push, hash of the
// payment script (20 bytes), amount in atoms (8, little-endian, the highest bit
// says that the hash is one of a script).
const (
	commitHash   = 2
	commitAmount = 22
	commitEnd    = 30
)

// effects is what one transaction means to the owners of some scripts.
//
// Only what the committed filters show counts: a ticket whose only tie to the
// wallet is its voting right has no effects, because the filters leave voting
// rights out on purpose and neither the ticket nor its end would be found. What
// a wallet knows is therefore a function of its scripts and the chain, and
// never of which blocks happened to be fetched.
type effects struct {
	credits     []credited
	commitments []credited
	spends      []spent
	expires     bool // the transaction has an expiry
}

// credited is an output, or the commitment in an output of a ticket, that
// belongs to a watched script.
type credited struct {
	index  uint32         // of the output
	script uint32         // its number; nobody for a ticket, see voter
	amount dcrutil.Amount // in atoms
	source Source
}

// spent is an input, and the outpoint it spends.
type spent struct {
	input uint32
	prev  wire.OutPoint
}

// examine returns the effects of a transaction. Owner returns the number of a
// payment script if it is watched.
func examine(tx *wire.MsgTx, kind Kind, owner func(pay []byte) (uint32, bool)) effects {
	e := effects{expires: tx.Expiry != wire.NoExpiryValue}
	for i, in := range tx.TxIn {
		if in.PreviousOutPoint.Index != math.MaxUint32 {
			e.spends = append(e.spends, spent{uint32(i), in.PreviousOutPoint})
		}
	}
	first, source := creditRange(kind)
	for i := first; i < len(tx.TxOut); i++ {
		out := tx.TxOut[i]
		if kind == Ticket && i%2 == 1 {
			e.commit(i, out, owner)
			continue
		}
		if out.Version != 0 || out.Value == 0 {
			continue // of no value, it can never be spent (dcrd: txscript.IsUnspendable)
		}
		if n, ok := owner(untagFor(kind, out.PkScript)); ok {
			e.credits = append(e.credits, credited{uint32(i), n, dcrutil.Amount(out.Value), source})
		}
	}
	if len(e.commitments) > 0 {
		e.credits = append(e.credits, credited{0, nobody, dcrutil.Amount(tx.TxOut[0].Value), FromTicket})
	}
	return e
}

// creditRange returns the first output of a kind that pays somebody, and what
// it is a payment from.
func creditRange(kind Kind) (first int, source Source) {
	switch kind {
	case Regular:
		return 0, FromPayment
	case Coinbase:
		return 0, FromCoinbase
	case Ticket, TreasuryAdd:
		return 1, FromChange // the ticket itself, or the payment to the treasury, comes first
	case Vote:
		return 2, FromVote // the block voted on and the vote bits come first
	case Revocation:
		return 0, FromRevocation
	case TreasurySpend:
		return 1, FromTreasury
	case TreasuryBase:
	}
	return math.MaxInt, 0
}

// untagFor returns a payment script in the form it is watched in. In regular
// transactions nothing is a tag.
func untagFor(kind Kind, pkScript []byte) []byte {
	if kind == Regular || kind == Coinbase {
		return pkScript
	}
	return untag(pkScript)
}

// commit adds the commitment in output i of a ticket.
func (e *effects) commit(i int, out *wire.TxOut, owner func(pay []byte) (uint32, bool)) {
	if len(out.PkScript) < commitEnd {
		return
	}
	n, ok := owner(committedScript(out.PkScript))
	if !ok {
		return
	}
	amount, err := stake.AmountFromSStxPkScrCommitment(out.PkScript)
	if err != nil {
		return
	}
	e.commitments = append(e.commitments, credited{uint32(i), n, amount, FromTicket})
}

// voter returns the script that may vote with a ticket, if it is watched. It is
// looked up when it is asked for, and never stored: the block of a ticket is not
// matched for it, so what was stored would depend on when the script came to be
// watched.
func voter(ticket *wire.MsgTx, owner func(pay []byte) (uint32, bool)) (uint32, bool) {
	return owner(untag(ticket.TxOut[0].PkScript))
}

// committedScript returns the payment script that a ticket commitment commits
// to.
func committedScript(commitment []byte) []byte {
	hash := commitment[commitHash:commitAmount]
	if commitment[commitEnd-1]&0x80 != 0 {
		pay := append([]byte{txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
		return append(pay, txscript.OP_EQUAL)
	}
	pay := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(pay, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// received reports whether the transaction pays or commits to a watched
// script.
func (e *effects) received() bool { return len(e.credits) > 0 || len(e.commitments) > 0 }
