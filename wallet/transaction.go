package wallet

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Transaction is a transaction of the wallet. Amounts are in atoms.
type Transaction struct {
	Hash chainhash.Hash
	Kind Kind
	Tx   *wire.MsgTx // must not be changed

	// Block and Place say where it was mined. Block is zero while it is not.
	Block chainhash.Hash
	Place Place

	// Confirmations is zero while it is not mined, and if it was mined but made
	// void by the next block, which Void says.
	Confirmations int64
	Void          bool

	// Time is that of its block, or when it was first seen.
	Time time.Time

	// Origin says where an unmined transaction came from.
	Origin Origin

	Credits []Credit // outputs and commitments to the wallet
	Debits  []Debit  // inputs that spend outputs of the wallet

	// Unlocked is the sum of the wallet's commitments in the ticket that a vote
	// or revocation spends. What they return comes in Credits.
	Unlocked dcrutil.Amount

	// Fee is what it pays to the miner. It is only known if all inputs are the
	// wallet's.
	Fee      dcrutil.Amount
	FeeKnown bool

	// TicketStatus is set for tickets.
	TicketStatus TicketStatus

	Label string

	// Conflicts are the transactions that spend the same, and gave way to this one
	// or would have to: a double spend, or one that was replaced.
	Conflicts []chainhash.Hash

	// Outputs describes every output, in order.
	Outputs []TxOutput
}

// Mined reports whether a block of the chain holds the transaction.
func (t *Transaction) Mined() bool { return t.Block != chainhash.Hash{} }

// Net is what the transaction adds to the wallet. Commitments of tickets belong
// to the wallet: a ticket costs it nothing, and a vote adds the reward, less the
// ticket's fee.
func (t *Transaction) Net() dcrutil.Amount {
	var net dcrutil.Amount
	for _, c := range t.Credits {
		if c.Source != FromTicket || c.Commitment {
			net += c.Amount
		}
	}
	for _, d := range t.Debits {
		net -= d.Amount
	}
	return net - t.Unlocked
}

// Credit is an output that belongs to the wallet.
type Credit struct {
	Index   uint32
	Account string
	Address string
	Amount  dcrutil.Amount
	Source  Source

	// Change says that the wallet paid itself: an internal address of an account,
	// in a transaction that spends the wallet's outputs.
	Change bool

	// Commitment says that the output does not pay but is a ticket's promise to
	// return this amount.
	Commitment bool

	// Mature says that the output may be spent.
	Mature bool
}

// Debit is an input that spends an output of the wallet.
type Debit struct {
	Index   uint32
	Account string
	Address string
	Amount  dcrutil.Amount
}

// TxOutput is an output, of the wallet or not.
type TxOutput struct {
	Address string // empty for scripts without one
	Amount  dcrutil.Amount
	Label   string // of the address
}

// TicketStatus is what has become of a ticket.
type TicketStatus uint8

// The states of tickets, as far as the chain shows them to a light wallet, which does not
// know the lottery: a ticket that missed its vote is live until it is revoked.
const (
	NoTicket TicketStatus = iota
	UnminedTicket
	ImmatureTicket
	LiveTicket
	VotedTicket
	MissedTicket  // revoked before it could expire
	ExpiredTicket // it can no longer vote, or was revoked when it no longer could
	SpentTicket   // untracked: nothing in it returns to the wallet
)

// String returns the name of the state, dcrwallet's where it has one.
func (s TicketStatus) String() string {
	switch s {
	case NoTicket:
		return ""
	case UnminedTicket:
		return "unmined"
	case ImmatureTicket:
		return "immature"
	case LiveTicket:
		return "live"
	case VotedTicket:
		return "voted"
	case MissedTicket:
		return "missed"
	case ExpiredTicket:
		return "expired"
	case SpentTicket:
		return "unknown"
	}
	return "unknown"
}

// Transaction returns a transaction of the wallet. The error is
// ErrNoTransaction.
func (w *Wallet) Transaction(ctx context.Context, hash chainhash.Hash) (*Transaction, error) {
	var t *Transaction
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		var err error
		t, err = newQuery(w, tx, s).transaction(hash)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", hash, err)
	}
	return t, nil
}

// transaction returns a transaction as it counts: mined, else unmined, else
// void.
func (q *query) transaction(hash chainhash.Hash) (*Transaction, error) {
	places, err := ledger.PlacesOf(q.tx, &hash)
	if err != nil {
		return nil, err
	}
	best := -1
	for i, p := range places {
		if best < 0 || !ledger.Void(q.tx, p) {
			best = i
		}
	}
	u := q.pool.ByHash[hash]
	switch {
	case best >= 0 && (u == nil || !ledger.Void(q.tx, places[best])):
		m, err := ledger.GetMined(q.tx, places[best])
		if err != nil || m == nil {
			return nil, cmp.Or(err, ErrCorrupt)
		}
		return q.describeMined(m)
	case u != nil:
		return q.describeUnmined(u)
	}
	return nil, q.noTransaction(hash)
}

func (q *query) describeMined(m *ledger.Mined) (*Transaction, error) {
	t := &Transaction{
		Hash: m.Hash, Kind: txn.KindAt(m.Place, m.Tx), Tx: m.Tx,
		Block: m.Block, Place: m.Place, Time: time.Unix(int64(m.Time), 0),
		Void: ledger.Void(q.tx, m.Place),
	}
	if !t.Void {
		t.Confirmations = confirmations(m.Place.Height, q.s.Tip.Height)
	}
	return t, q.describe(t, q.w.store.OwnerAt(q.s, m.Place.Height))
}

func (q *query) describeUnmined(u *ledger.Unmined) (*Transaction, error) {
	t := &Transaction{Hash: u.Hash, Kind: u.Kind, Tx: u.Tx, Time: u.Seen, Origin: u.Origin}
	return t, q.describe(t, q.w.store.Owner(q.s))
}

// describe fills in what is common to mined and unmined transactions.
func (q *query) describe(t *Transaction, owner func(pay []byte) (uint32, bool)) error {
	e := txn.Examine(t.Tx, t.Kind, owner)
	if err := q.debits(t, &e); err != nil {
		return err
	}
	q.credits(t, &e, owner)
	q.fee(t)
	for _, out := range t.Tx.TxOut {
		o := TxOutput{Address: q.outputAddress(t.Kind, out), Amount: dcrutil.Amount(out.Value)}
		if o.Address != "" {
			o.Label = string(q.tx.Bucket(state.LabelsBucket).Get([]byte(o.Address)))
		}
		t.Outputs = append(t.Outputs, o)
	}
	var err error
	if t.Conflicts, err = ledger.ConflictsOf(q.tx, t.Hash); err != nil {
		return err
	}
	t.Label = string(q.tx.Bucket(state.LabelsBucket).Get([]byte(t.Hash.String())))
	if t.Kind == Ticket {
		return q.ticketStatus(t)
	}
	return nil
}

// debits fills in what a transaction spends of the wallet. One that is mined spends what is
// mined too: an unmined one of that hash only shows that the wallet does not count its block.
func (q *query) debits(t *Transaction, e *txn.Effects) error {
	for _, sp := range e.Spends {
		c, ok, err := ledger.GetCredit(q.tx, sp.Prev)
		if !ok && err == nil && (t.Void || !t.Mined()) {
			c, ok, err = q.prevOut(sp.Prev)
		}
		switch {
		case err != nil:
			return err
		case !ok:
			continue
		case c.Source == FromTicket:
			if err := q.unlock(t, sp.Prev.Hash); err != nil {
				return err
			}
			continue
		}
		sc := &q.s.Scripts[c.Script]
		t.Debits = append(t.Debits, Debit{
			Index:   sp.Input,
			Account: q.s.AccountName(sc.Account),
			Address: hd.ScriptAddress(q.w.cfg.Params.ChainParams, sc.Pay),
			Amount:  c.Amount,
		})
	}
	return nil
}

// prevOut returns the credit of an outpoint, mined or not.
func (q *query) prevOut(op wire.OutPoint) (ledger.Credit, bool, error) {
	c, ok, err := ledger.GetCredit(q.tx, op)
	if ok || err != nil {
		return c, ok, err
	}
	u := q.pool.ByHash[op.Hash]
	if u == nil {
		return c, false, nil
	}
	for _, c := range q.w.store.Effects(q.s, u).Credits {
		if c.Index == op.Index {
			return ledger.Credit{Script: c.Script, Amount: c.Amount, Source: c.Source}, true, nil
		}
	}
	return c, false, nil
}

// unlock adds the commitments of a ticket that a transaction spends.
func (q *query) unlock(t *Transaction, ticket chainhash.Hash) error {
	list, err := ledger.CommitmentsOf(q.tx, &ticket)
	for _, c := range list {
		t.Unlocked += c.Amount
	}
	return err
}

func (q *query) credits(t *Transaction, e *txn.Effects, owner func(pay []byte) (uint32, bool)) {
	for i, list := range [][]txn.Credited{e.Credits, e.Commitments} {
		for _, c := range list {
			if c.Source == FromTicket && i == 0 {
				n, ok := txn.Voter(t.Tx, owner)
				if !ok {
					continue
				}
				c.Script = n
			}
			sc := &q.s.Scripts[c.Script]
			t.Credits = append(t.Credits, Credit{
				Index:      c.Index,
				Account:    q.s.AccountName(sc.Account),
				Address:    hd.ScriptAddress(q.w.cfg.Params.ChainParams, sc.Pay),
				Amount:     c.Amount,
				Source:     c.Source,
				Change:     len(t.Debits) > 0 && sc.Account != ImportedAccount && sc.Branch == hd.Internal,
				Commitment: i == 1,
				Mature:     t.Confirmations >= txn.Maturity(c.Source, t.Tx, q.w.cfg.Params.ChainParams),
			})
		}
	}
}

// fee fills in the fee, which is known if every input is the wallet's.
func (q *query) fee(t *Transaction) {
	if len(t.Debits) != len(t.Tx.TxIn) {
		return
	}
	t.FeeKnown = true
	for _, d := range t.Debits {
		t.Fee += d.Amount
	}
	for _, out := range t.Tx.TxOut {
		t.Fee -= dcrutil.Amount(out.Value)
	}
}

// outputAddress returns the address that an output pays or commits to.
func (q *query) outputAddress(kind Kind, out *wire.TxOut) string {
	pay := txn.UntagFor(kind, out.PkScript)
	if kind == Ticket && bytes.HasPrefix(out.PkScript, []byte{txscript.OP_RETURN}) && len(out.PkScript) >= txn.CommitEnd {
		pay = txn.CommittedScript(out.PkScript)
	}
	return hd.ScriptAddress(q.w.cfg.Params.ChainParams, pay)
}

// ticketStatus fills in what has become of a ticket.
func (q *query) ticketStatus(t *Transaction) error {
	op := wire.OutPoint{Hash: t.Hash}
	c, tracked, err := ledger.GetCredit(q.tx, op)
	switch {
	case err != nil:
		return err
	case !t.Mined():
		t.TicketStatus = UnminedTicket
		return nil
	case !tracked:
		t.TicketStatus = SpentTicket
		return nil
	}
	by, spent, err := ledger.GetSpender(q.tx, op)
	if err != nil {
		return err
	}
	if !spent {
		switch {
		case t.Confirmations < txn.Maturity(c.Source, t.Tx, q.w.cfg.Params.ChainParams):
			t.TicketStatus = ImmatureTicket
		case q.expires(t) <= q.s.Tip.Height:
			t.TicketStatus = ExpiredTicket
		default:
			t.TicketStatus = LiveTicket
		}
		return nil
	}
	m, err := ledger.GetMined(q.tx, by.Place)
	if err != nil || m == nil {
		return fmt.Errorf("spender of ticket %s: %w", t.Hash, cmp.Or(err, ErrCorrupt))
	}
	switch {
	case txn.KindAt(m.Place, m.Tx) == Vote:
		t.TicketStatus = VotedTicket
	case q.expires(t) <= by.Place.Height:
		t.TicketStatus = ExpiredTicket
	default:
		t.TicketStatus = MissedTicket
	}
	return nil
}

// expires returns the height of the last block in which a mined ticket may vote, with which it
// leaves the pool of live tickets (dcrd, blockchain/stake: connectNode). It enters the pool with
// the block in which it matures, and stays for TicketExpiry blocks.
func (q *query) expires(t *Transaction) consensus.Height {
	p := q.w.cfg.Params.ChainParams
	return t.Place.Height + consensus.Height(p.TicketMaturity) + consensus.Height(p.TicketExpiry)
}

// noTransaction says that a transaction is not one of the wallet, and what took
// its place if something did.
func (q *query) noTransaction(hash chainhash.Hash) error {
	list, err := ledger.ConflictsOf(q.tx, hash)
	if err != nil {
		return err
	}
	for _, other := range list {
		places, err := ledger.PlacesOf(q.tx, &other)
		if err != nil {
			return err
		}
		if len(places) > 0 || q.pool.ByHash[other] != nil {
			return fmt.Errorf("%w: %s spends the same and took its place", ErrNoTransaction, other)
		}
	}
	return ErrNoTransaction
}
