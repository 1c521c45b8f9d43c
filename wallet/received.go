package wallet

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/dcrutil/v4"
	bolt "go.etcd.io/bbolt"
)

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
		p, err := decodePayment(k, v)
		if err != nil {
			return err
		}
		if confs := confirmations(p.place.Height, q.s.tip.Height); confs >= minConf && p.source != FromTicket {
			add(p.script, p.amount, confs)
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return nil, err
	}
	if minConf <= 0 {
		for _, u := range q.pool.byHash {
			for _, c := range q.w.effectsOf(q.s, u).credits {
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
