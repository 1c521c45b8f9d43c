package wallet

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
)

// Balance is what an account has, in atoms, in dcrwallet's categories. Total
// is the sum of all the others but VotingAuthority.
//
// With at least one confirmation asked for, all but Unconfirmed and Total are
// functions of the chain: no unmined transaction changes them. Unconfirmed is
// what would be added once everything unmined is mined, and is negative while
// the account is spending.
type Balance struct {
	Spendable        dcrutil.Amount // mature, with enough confirmations
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
	Tip      chain.BlockID
	Accounts []AccountBalance // in the order of their numbers, imported last
	Sum      Balance
}

// Balances returns the balances of all accounts. With minConf zero, unmined
// transactions count as if they were mined.
func (w *Wallet) Balances(ctx context.Context, minConf int64) (Balances, error) {
	var out Balances
	err := w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
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
	s       *snapshot
	minConf int64
	by      map[uint32]*Balance // by account number
}

func (w *Wallet) newTally(s *snapshot, minConf int64) *tally {
	t := &tally{w: w, s: s, minConf: max(minConf, 0), by: make(map[uint32]*Balance)}
	for i := range s.accounts {
		t.by[uint32(i)] = new(Balance)
	}
	t.by[ImportedAccount] = new(Balance)
	return t
}

// of returns the balance that a script belongs to.
func (t *tally) of(script uint32) *Balance { return t.by[t.s.scripts[script].account] }

// mined adds the unspent outputs and what the unmined transactions would make
// of them.
func (t *tally) mined(ctx context.Context, tx *bolt.Tx) error {
	p := t.s.pool
	err := all(tx.Bucket(unspentBucket), func(k, _ []byte) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		r := row{rest: k}
		op := r.outpoint()
		c, ok, err := getCredit(tx, op)
		if err != nil || !ok || r.done() != nil {
			return fmt.Errorf("unspent output %s: %w", op, orCorrupt(err))
		}
		_, spending := p.spentBy[op]
		if c.source == FromTicket {
			return t.ticket(tx, op.Hash, c)
		}
		return t.output(tx, c, spending)
	})
	if err != nil {
		return err
	}
	for _, u := range p.byHash {
		t.unmined(p, u)
	}
	return nil
}

// output adds an unspent output, which an unmined transaction may be spending.
func (t *tally) output(tx *bolt.Tx, c credit, spending bool) error {
	b, confs := t.of(c.script), confirmations(c.place.Height, t.s.tip.Height)
	maturity, err := t.maturity(tx, c)
	if err != nil {
		return err
	}
	if spending {
		if t.minConf == 0 {
			return nil
		}
		b.Unconfirmed -= c.amount
	}
	switch {
	case confs < maturity && c.source == FromCoinbase:
		b.ImmatureCoinbase += c.amount
	case confs < maturity:
		b.ImmatureStake += c.amount
	case confs < t.minConf:
		b.Unconfirmed += c.amount
	default:
		b.Spendable += c.amount
	}
	return nil
}

// maturity returns how many confirmations an output needs. Its transaction is
// looked at only if an expiry of that could make a difference.
func (t *tally) maturity(tx *bolt.Tx, c credit) (int64, error) {
	p := t.w.cfg.Params.Params
	least, enough := c.source.leastMaturity(p), int64(p.CoinbaseMaturity)
	if least >= enough || confirmations(c.place.Height, t.s.tip.Height) >= enough {
		return least, nil
	}
	m, err := getMined(tx, c.place)
	if err != nil || m == nil {
		return 0, fmt.Errorf("output in block %d: %w", c.place.Height, orCorrupt(err))
	}
	return c.source.maturity(m.tx, p), nil
}

// ticket adds a ticket that has neither voted nor been revoked.
func (t *tally) ticket(tx *bolt.Tx, hash chainhash.Hash, c credit) error {
	m, err := getMined(tx, c.place)
	if err != nil || m == nil {
		return fmt.Errorf("ticket %s: %w", hash, orCorrupt(err))
	}
	if n, ok := voter(m.tx, t.w.ownerAt(t.s, c.place.Height)); ok {
		t.of(n).VotingAuthority += c.amount
	}
	list, err := commitmentsOf(tx, &hash)
	for _, c := range list {
		t.of(c.script).LockedByTickets += c.amount
	}
	return err
}

// unmined adds the outputs of an unmined transaction that no other spends.
func (t *tally) unmined(p *pool, u *unmined) {
	owner, e := t.w.owner(t.s), t.w.effectsOf(t.s, u)
	for _, c := range e.credits {
		if _, spending := p.spentBy[wire.OutPoint{Hash: u.hash, Index: c.index}]; spending {
			continue
		}
		switch {
		case c.source == FromTicket:
			if n, ok := voter(u.tx, owner); ok && t.minConf == 0 {
				t.of(n).VotingAuthority += c.amount
			}
		case t.minConf > 0:
			t.of(c.script).Unconfirmed += c.amount
		case c.source == FromPayment && u.tx.Expiry == wire.NoExpiryValue:
			t.of(c.script).Spendable += c.amount
		default:
			t.of(c.script).ImmatureStake += c.amount
		}
	}
	for _, c := range e.commitments {
		if t.minConf > 0 {
			t.of(c.script).Unconfirmed += c.amount
		} else {
			t.of(c.script).LockedByTickets += c.amount
		}
	}
}

// balances returns what was added up.
func (t *tally) balances() Balances {
	out := Balances{Tip: t.s.tip}
	add := func(name string, number uint32) {
		b := *t.by[number]
		b.Total = b.Spendable + b.ImmatureCoinbase + b.ImmatureStake + b.LockedByTickets + b.Unconfirmed
		out.Accounts = append(out.Accounts, AccountBalance{name, number, b})
		out.Sum.add(&b)
	}
	for i := range t.s.accounts {
		add(t.s.accounts[i].Name, uint32(i))
	}
	add(ImportedName, ImportedAccount)
	return out
}

func (b *Balance) add(o *Balance) {
	b.Spendable += o.Spendable
	b.ImmatureCoinbase += o.ImmatureCoinbase
	b.ImmatureStake += o.ImmatureStake
	b.LockedByTickets += o.LockedByTickets
	b.Unconfirmed += o.Unconfirmed
	b.Total += o.Total
	b.VotingAuthority += o.VotingAuthority
}

// confirmations returns how many blocks up to a tip confirm what was mined at a
// height.
func confirmations(h, tip chain.Height) int64 { return int64(tip) - int64(h) + 1 }

// orCorrupt returns ErrCorrupt where something is missing without an error.
func orCorrupt(err error) error {
	if err == nil {
		return ErrCorrupt
	}
	return err
}
