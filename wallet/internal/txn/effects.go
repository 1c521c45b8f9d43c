package txn

import (
	"math"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// Offsets in the commitment output of a ticket: OP_RETURN, push, hash of the
// payment script (20 bytes), amount in atoms (8, little-endian, the highest bit
// says that the hash is one of a script). CommitEnd is the size that it has at least.
const (
	commitHash   = 2
	commitAmount = 22
	CommitEnd    = 30
)

// Effects is what one transaction means to the owners of some scripts.
//
// Only what the committed filters show counts: a ticket whose only tie to the
// wallet is its voting right has no effects, because the filters leave voting
// rights out on purpose and neither the ticket nor its end would be found. What
// a wallet knows is therefore a function of its scripts and the chain, and
// never of which blocks happened to be fetched.
type Effects struct {
	Credits     []Credited
	Commitments []Credited
	Spends      []Spent
	Expires     bool // the transaction has an expiry
}

// Credited is an output, or the commitment in an output of a ticket, that
// belongs to a watched script.
type Credited struct {
	Index  uint32         // of the output
	Script uint32         // its number; NoScript for a ticket, see Voter
	Amount dcrutil.Amount // in atoms
	Source Source
}

// Spent is an input, and the outpoint it spends.
type Spent struct {
	Input uint32
	Prev  wire.OutPoint
}

// Examine returns the effects of a transaction. Owner returns the number of a
// payment script if it is watched.
func Examine(tx *wire.MsgTx, kind Kind, owner func(pay []byte) (uint32, bool)) Effects {
	e := Effects{Expires: tx.Expiry != wire.NoExpiryValue}
	for i, in := range tx.TxIn {
		if in.PreviousOutPoint.Index != math.MaxUint32 {
			e.Spends = append(e.Spends, Spent{uint32(i), in.PreviousOutPoint})
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
		if n, ok := owner(UntagFor(kind, out.PkScript)); ok {
			e.Credits = append(e.Credits, Credited{uint32(i), n, dcrutil.Amount(out.Value), source})
		}
	}
	if len(e.Commitments) > 0 {
		e.Credits = append(e.Credits, Credited{0, NoScript, dcrutil.Amount(tx.TxOut[0].Value), FromTicket})
	}
	return e
}

// creditRange returns the first output of a kind that can pay a script, and
// what it is a payment from.
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

// UntagFor returns a payment script in the form it is watched in. In regular
// transactions nothing is a tag.
func UntagFor(kind Kind, pkScript []byte) []byte {
	if kind == Regular || kind == Coinbase {
		return pkScript
	}
	return Untag(pkScript)
}

// commit adds the commitment in output i of a ticket.
func (e *Effects) commit(i int, out *wire.TxOut, owner func(pay []byte) (uint32, bool)) {
	if len(out.PkScript) < CommitEnd {
		return
	}
	n, ok := owner(CommittedScript(out.PkScript))
	if !ok {
		return
	}
	amount, err := stake.AmountFromSStxPkScrCommitment(out.PkScript)
	if err != nil {
		return
	}
	e.Commitments = append(e.Commitments, Credited{uint32(i), n, amount, FromTicket})
}

// Voter returns the script that may vote with a ticket, if it is watched. It is
// looked up when it is asked for, and never stored: the block of a ticket is not
// matched for it, so what was stored would depend on when the script came to be
// watched.
func Voter(ticket *wire.MsgTx, owner func(pay []byte) (uint32, bool)) (uint32, bool) {
	return owner(Untag(ticket.TxOut[0].PkScript))
}

// CommittedScript returns the payment script that a ticket commitment commits
// to.
func CommittedScript(commitment []byte) []byte {
	hash := commitment[commitHash:commitAmount]
	if commitment[CommitEnd-1]&0x80 != 0 {
		pay := append([]byte{txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
		return append(pay, txscript.OP_EQUAL)
	}
	pay := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(pay, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// Received reports whether the transaction pays or commits to a watched
// script.
func (e *Effects) Received() bool { return len(e.Credits) > 0 || len(e.Commitments) > 0 }

// PrevOuts returns what the inputs of a transaction spend, without the tree.
func PrevOuts(tx *wire.MsgTx) []wire.OutPoint {
	ops := make([]wire.OutPoint, 0, len(tx.TxIn))
	for _, in := range tx.TxIn {
		if in.PreviousOutPoint.Hash != (chainhash.Hash{}) {
			ops = append(ops, Bare(in.PreviousOutPoint))
		}
	}
	return ops
}

// Bare returns an outpoint without its tree, as it is stored.
func Bare(op wire.OutPoint) wire.OutPoint { return wire.OutPoint{Hash: op.Hash, Index: op.Index} }

// NoScript is the number of no script.
const NoScript uint32 = 1<<32 - 1

// Untag returns an output script without the stake tag that may lead it. The
// filters commit to scripts of the stake tree in this form.
func Untag(pkScript []byte) []byte {
	if len(pkScript) > 1 && tagged(pkScript[0]) {
		return pkScript[1:]
	}
	return pkScript
}

// tagged reports whether an opcode is a stake tag.
func tagged(op byte) bool {
	switch op {
	case txscript.OP_SSTX, txscript.OP_SSGEN, txscript.OP_SSRTX, txscript.OP_SSTXCHANGE, txscript.OP_TGEN:
		return true
	}
	return false
}
