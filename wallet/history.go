package wallet

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/decred/dcrd/dcrutil/v4"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
)

// HistoryFilter chooses among transactions. The zero value chooses all.
type HistoryFilter struct {
	// Above leaves out what was mined at this height or below it.
	Above chain.Height

	// Account is the only account wanted. Empty is any.
	Account string

	// Addresses are the only ones wanted. Empty is any.
	Addresses []string

	// Skip is how many of the newest transactions to leave out, Count how many
	// to return at most. Zero is no limit.
	Skip, Count int
}

// History returns transactions, newest first: the unmined ones, then those of
// the newest block. Void transactions are left out.
func (w *Wallet) History(ctx context.Context, f HistoryFilter) ([]*Transaction, error) {
	var list []*Transaction
	err := w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		q, err := newQuery(w, tx, s)
		if err != nil {
			return err
		}
		list, err = q.history(ctx, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return list, nil
}

func (q *query) history(ctx context.Context, f HistoryFilter) ([]*Transaction, error) {
	var list []*Transaction
	// take adds a transaction and reports whether more are wanted.
	take := func(t *Transaction) bool {
		switch {
		case t.Void || !f.takes(t):
		case f.Skip > 0:
			f.Skip--
		default:
			list = append(list, t)
		}
		return f.Count <= 0 || len(list) < f.Count
	}
	unmined := q.pool.sorted()
	slices.Reverse(unmined)
	for _, u := range unmined {
		t, err := q.describeUnmined(u)
		if err != nil || !take(t) {
			return list, err
		}
	}
	c := q.tx.Bucket(minedBucket).Cursor()
	for k, v := c.Last(); len(k) == placeSize && chain.Height(binary.BigEndian.Uint32(k)) > f.Above; k, v = c.Prev() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		m, err := decodeMined(k, v)
		if err != nil {
			return nil, err
		}
		t, err := q.describeMined(m)
		if err != nil || !take(t) {
			return list, err
		}
	}
	return list, nil
}

// takes reports whether the filter chooses a transaction.
func (f *HistoryFilter) takes(t *Transaction) bool {
	if f.Account == "" && len(f.Addresses) == 0 {
		return true
	}
	fits := func(account, address string) bool {
		return (f.Account == "" || f.Account == account) &&
			(len(f.Addresses) == 0 || slices.Contains(f.Addresses, address))
	}
	for _, c := range t.Credits {
		if fits(c.Account, c.Address) {
			return true
		}
	}
	for _, d := range t.Debits {
		if fits(d.Account, d.Address) {
			return true
		}
	}
	return false
}

// Received is what was ever paid to an address, spent since or not.
type Received struct {
	Account       string
	Address       string // empty for scripts without one
	Amount        dcrutil.Amount
	Payments      int
	Confirmations int64 // of the newest payment
}

// Received returns what was paid in transactions with at least minConf
// confirmations to each script that was paid at all. Unmined transactions count
// with minConf zero.
func (w *Wallet) Received(ctx context.Context, minConf int64) ([]Received, error) {
	var list []Received
	err := w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		q, err := newQuery(w, tx, s)
		if err != nil {
			return err
		}
		list, err = q.received(ctx, minConf)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("received: %w", err)
	}
	return list, nil
}

func (q *query) received(ctx context.Context, minConf int64) ([]Received, error) {
	by := make(map[uint32]*Received)
	add := func(script uint32, amount dcrutil.Amount, confs int64) {
		r := by[script]
		if r == nil {
			r = &Received{Confirmations: confs}
			by[script] = r
		}
		r.Amount += amount
		r.Payments++
		r.Confirmations = min(r.Confirmations, confs)
	}
	err := all(q.tx.Bucket(paymentsBucket), func(k, v []byte) error {
		key, val := row{rest: k}, row{rest: v}
		script, place := key.u32(), key.place()
		key.u32()
		amount := dcrutil.Amount(val.u64())
		if key.done() != nil || val.done() != nil || script >= q.s.count() {
			return fmt.Errorf("read payment %x: %w", k, ErrCorrupt)
		}
		if confs := confirmations(place.Height, q.s.tip.Height); confs >= minConf {
			add(script, amount, confs)
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return nil, err
	}
	if minConf <= 0 {
		for _, u := range q.pool.byHash {
			e := examine(u.tx, kindOf(u.tx), q.w.owner(q.s))
			for _, c := range e.credits {
				if c.source != FromTicket {
					add(c.script, c.amount, 0)
				}
			}
		}
	}
	return q.named(by), nil
}

// named returns sums in the order of their scripts, with names.
func (q *query) named(by map[uint32]*Received) []Received {
	list := make([]Received, 0, len(by))
	for n := range q.s.count() {
		r := by[n]
		if r == nil {
			continue
		}
		sc := &q.s.scripts[n]
		r.Account = q.s.accountName(sc.account)
		r.Address = scriptAddress(q.w.cfg.Params.Params, sc.pay)
		list = append(list, *r)
	}
	return list
}
