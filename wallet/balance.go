package wallet

import (
	"cmp"
	"context"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Balance is what an account has, in atoms, in dcrwallet's categories. Total
// is the sum of all the others but Spending, which Spendable has, and VotingAuthority.
//
// With at least one confirmation asked for, all but Spending, Unconfirmed and Total are
// functions of the chain: no unmined transaction changes them. Unconfirmed is
// what would be added once everything unmined is mined, and is negative while
// the account is spending. What can be spent now is Spendable less Spending; a client
// that shows that shows Unconfirmed and Spending as one, what is still to come.
type Balance struct {
	Spendable        dcrutil.Amount // mature, with enough confirmations
	Spending         dcrutil.Amount // of that, what unmined transactions spend; zero if they count as mined
	ImmatureCoinbase dcrutil.Amount // block rewards before their maturity
	ImmatureStake    dcrutil.Amount // before their maturity: returns of tickets and the like, outputs of transactions with an expiry
	LockedByTickets  dcrutil.Amount // committed to by tickets that have not been spent
	Unconfirmed      dcrutil.Amount // has too few confirmations
	Total            dcrutil.Amount
	VotingAuthority  dcrutil.Amount // the price of tickets the account may vote with
}

// AccountBalance is the balance of one account.
type AccountBalance struct {
	Account string
	Number  uint32
	Balance
}

// Balances are the balances of all accounts at one block.
type Balances struct {
	Tip      consensus.BlockID
	Accounts []AccountBalance // in the order of their numbers, imported last
	Sum      Balance
}

// Balances returns the balances of all accounts. With minConf zero, unmined
// transactions count as if they were mined.
func (w *Wallet) Balances(ctx context.Context, minConf int64) (Balances, error) {
	var out Balances
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		t := w.newTally(s, minConf)
		if err := t.mined(ctx, tx); err != nil {
			return err
		}
		out = t.balances()
		return nil
	})
	if err != nil {
		return Balances{}, fmt.Errorf("balances: %w", err)
	}
	return out, nil
}

// tally adds up balances.
type tally struct {
	w       *Wallet
	s       *state.Snapshot
	minConf int64
	by      map[uint32]*Balance // by account number
}

func (w *Wallet) newTally(s *state.Snapshot, minConf int64) *tally {
	t := &tally{w: w, s: s, minConf: max(minConf, 0), by: make(map[uint32]*Balance)}
	for i := range s.Accounts {
		t.by[uint32(i)] = new(Balance)
	}
	t.by[ImportedAccount] = new(Balance)
	return t
}

// of returns the balance that a script belongs to.
func (t *tally) of(script uint32) *Balance { return t.by[t.s.Scripts[script].Account] }

// mined adds the unspent outputs and what the unmined transactions would make
// of them. It reads the sums of the accounts, and of the outputs only those that are
// immature, have too few confirmations, or are being spent.
func (t *tally) mined(ctx context.Context, tx *bolt.Tx) error {
	p := t.s.Pool
	for account, b := range t.by {
		sum, err := ledger.SumOf(tx, account)
		if err != nil {
			return err
		}
		b.Spendable = sum
	}
	if err := cmp.Or(t.immature(ctx, tx), t.unconfirmed(ctx, tx), t.spending(tx, p)); err != nil {
		return err
	}
	err := rows.Each(tx.Bucket(ledger.TicketsBucket), func(k, _ []byte) error {
		r := rows.Row{Rest: k}
		op := r.OutPoint()
		c, ok, err := ledger.GetCredit(tx, op)
		if err != nil || !ok || r.Done() != nil {
			return fmt.Errorf("unspent ticket %s: %w", op, cmp.Or(err, ErrCorrupt))
		}
		return cmp.Or(t.ticket(tx, op.Hash, c), context.Cause(ctx))
	})
	if err != nil {
		return err
	}
	for _, u := range p.ByHash {
		t.unmined(p, u)
	}
	return nil
}

// immature takes the unspent outputs that are immature out of what is spendable.
func (t *tally) immature(ctx context.Context, tx *bolt.Tx) error {
	unspent, err := rows.OpenTable(tx, ledger.UnspentTable())
	if err != nil {
		return err
	}
	first := max(0, t.s.Tip.Height-consensus.Height(t.w.cfg.Params.ChainParams.CoinbaseMaturity))
	c := tx.Bucket(ledger.AgingBucket).Cursor()
	for k, _ := c.Seek(rows.Key(uint32(first))); k != nil; k, _ = c.Next() {
		v, err := unspent.Get(k)
		if v == nil && err == nil {
			continue
		}
		if err != nil {
			return err
		}
		h, err := ledger.DecodeHolding(k, v)
		if err != nil {
			return err
		}
		b := t.of(h.Script)
		if field := t.field(tx, &h); field != &b.Unconfirmed {
			b.Spendable -= h.Amount
			*field += h.Amount
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// unconfirmed takes the unspent outputs that have too few confirmations out of what is
// spendable.
func (t *tally) unconfirmed(ctx context.Context, tx *bolt.Tx) error {
	if t.minConf <= 1 {
		return nil
	}
	unspent, err := rows.OpenTable(tx, ledger.UnspentTable())
	if err != nil {
		return err
	}
	first := max(0, int64(t.s.Tip.Height)-t.minConf+2)
	return unspent.Walk(rows.Key(uint32(first)), func(k, v []byte) (bool, error) {
		h, err := ledger.DecodeHolding(k, v)
		if err != nil || h.Source == FromTicket {
			return err == nil, err
		}
		b := t.of(h.Script)
		if t.field(tx, &h) == &b.Unconfirmed {
			b.Spendable -= h.Amount
			b.Unconfirmed += h.Amount
		}
		return true, context.Cause(ctx)
	})
}

// spending takes away the outputs that unmined transactions spend: from where they
// count, or if only mined transactions do from what is unconfirmed.
func (t *tally) spending(tx *bolt.Tx, p *ledger.Pool) error {
	for op := range p.SpentBy {
		c, ok, err := ledger.GetCredit(tx, op)
		if err != nil {
			return err
		}
		if !ok || c.Source == FromTicket {
			continue
		}
		unspent, err := ledger.IsUnspent(tx, c.Place, op.Index)
		if err != nil {
			return err
		}
		if !unspent {
			continue
		}
		b, h := t.of(c.Script), c.Holding(op.Index)
		switch field := t.field(tx, &h); {
		case t.minConf == 0:
			*field -= c.Amount
		case field == &b.Spendable:
			b.Spending += c.Amount
			fallthrough
		default:
			b.Unconfirmed -= c.Amount
		}
	}
	return nil
}

// field returns the part of a balance that an unspent output counts in.
func (t *tally) field(tx *bolt.Tx, h *ledger.Holding) *dcrutil.Amount {
	b, confs := t.of(h.Script), confirmations(h.Place.Height, t.s.Tip.Height)
	maturity := t.maturity(tx, h)
	switch {
	case confs < maturity && h.Source == FromCoinbase:
		return &b.ImmatureCoinbase
	case confs < maturity:
		return &b.ImmatureStake
	case confs < t.minConf:
		return &b.Unconfirmed
	}
	return &b.Spendable
}

// maturity returns how many confirmations an output needs.
func (t *tally) maturity(tx *bolt.Tx, h *ledger.Holding) int64 {
	p := t.w.cfg.Params.ChainParams
	least := txn.LeastMaturity(h.Source, p)
	if v := tx.Bucket(ledger.AgingBucket).Get(h.Key()); len(v) == 1 && v[0] == 1 {
		return max(least, int64(p.CoinbaseMaturity))
	}
	return least
}

// ticket adds a ticket that has neither voted nor been revoked.
func (t *tally) ticket(tx *bolt.Tx, hash chainhash.Hash, c ledger.Credit) error {
	m, err := ledger.GetMined(tx, c.Place)
	if err != nil || m == nil {
		return fmt.Errorf("ticket %s: %w", hash, cmp.Or(err, ErrCorrupt))
	}
	if n, ok := txn.Voter(m.Tx, t.w.store.OwnerAt(t.s, c.Place.Height)); ok {
		t.of(n).VotingAuthority += c.Amount
	}
	list, err := ledger.CommitmentsOf(tx, &hash)
	for _, c := range list {
		t.of(c.Script).LockedByTickets += c.Amount
	}
	return err
}

// unmined adds the outputs of an unmined transaction that no other spends.
func (t *tally) unmined(p *ledger.Pool, u *ledger.Unmined) {
	owner, e := t.w.store.Owner(t.s), t.w.store.Effects(t.s, u)
	for _, c := range e.Credits {
		if _, spending := p.SpentBy[wire.OutPoint{Hash: u.Hash, Index: c.Index}]; spending {
			continue
		}
		switch {
		case c.Source == FromTicket:
			if n, ok := txn.Voter(u.Tx, owner); ok && t.minConf == 0 {
				t.of(n).VotingAuthority += c.Amount
			}
		case t.minConf > 0:
			t.of(c.Script).Unconfirmed += c.Amount
		case c.Source == FromPayment && u.Tx.Expiry == wire.NoExpiryValue:
			t.of(c.Script).Spendable += c.Amount
		default:
			t.of(c.Script).ImmatureStake += c.Amount
		}
	}
	for _, c := range e.Commitments {
		if t.minConf > 0 {
			t.of(c.Script).Unconfirmed += c.Amount
		} else {
			t.of(c.Script).LockedByTickets += c.Amount
		}
	}
}

// balances returns what was added up.
func (t *tally) balances() Balances {
	out := Balances{Tip: t.s.Tip}
	add := func(name string, number uint32) {
		b := *t.by[number]
		b.Total = b.Spendable + b.ImmatureCoinbase + b.ImmatureStake + b.LockedByTickets + b.Unconfirmed
		out.Accounts = append(out.Accounts, AccountBalance{name, number, b})
		out.Sum.add(&b)
	}
	for i := range t.s.Accounts {
		add(t.s.Accounts[i].Name, uint32(i))
	}
	add(ImportedName, ImportedAccount)
	return out
}

func (b *Balance) add(o *Balance) {
	b.Spendable += o.Spendable
	b.Spending += o.Spending
	b.ImmatureCoinbase += o.ImmatureCoinbase
	b.ImmatureStake += o.ImmatureStake
	b.LockedByTickets += o.LockedByTickets
	b.Unconfirmed += o.Unconfirmed
	b.Total += o.Total
	b.VotingAuthority += o.VotingAuthority
}

// confirmations returns how many blocks up to a tip confirm what was mined at a
// height.
func confirmations(h, tip consensus.Height) int64 { return int64(tip) - int64(h) + 1 }
