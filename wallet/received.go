package wallet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
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
// confirmations to each script that was paid at all, or to those of some addresses.
// Unmined transactions count with minConf zero. What is paid to other addresses is not
// read. The errors are those of ImportAddress.
func (w *Wallet) Received(ctx context.Context, minConf int64, addresses ...string) ([]Received, error) {
	var list []Received
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		var err error
		list, err = newQuery(w, tx, s).received(ctx, minConf, addresses)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("received: %w", err)
	}
	return list, nil
}

func (q *query) received(ctx context.Context, minConf int64, addresses []string) ([]Received, error) {
	scripts, err := q.scriptsOf(addresses)
	if err != nil {
		return nil, err
	}
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
	each := func(p ledger.Payment) error {
		if confs := confirmations(p.Place.Height, q.s.Tip.Height); confs >= minConf && p.Source != FromTicket {
			add(p.Script, p.Amount, confs)
		}
		return context.Cause(ctx)
	}
	if err := q.payments(addresses, scripts, each); err != nil {
		return nil, err
	}
	if minConf <= 0 {
		for _, u := range q.pool.ByHash {
			for _, c := range q.w.store.Effects(q.s, u).Credits {
				if c.Source != FromTicket && (len(addresses) == 0 || slices.Contains(scripts, c.Script)) {
					add(c.Script, c.Amount, 0)
				}
			}
		}
	}
	return q.named(by), nil
}

// ReceivedByAccount is what was ever paid to the addresses of an account, spent since or not.
type ReceivedByAccount struct {
	Account       string
	Amount        dcrutil.Amount
	Confirmations int64 // of the newest payment, zero without any
}

// ReceivedByAccounts returns what was paid to all accounts in transactions with at least minConf
// confirmations, in the order of their numbers, imported last.
func (w *Wallet) ReceivedByAccounts(ctx context.Context, minConf int64) ([]ReceivedByAccount, error) {
	var list []ReceivedByAccount
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		q := newQuery(w, tx, s)
		at := make(map[string]int)
		for i, name := range s.AccountNames() {
			list, at[name] = append(list, ReceivedByAccount{Account: name}), i
		}
		received, err := q.received(ctx, minConf, nil)
		for i := range received {
			r := &received[i]
			sum := &list[at[r.Account]]
			if sum.Amount == 0 || r.Confirmations < sum.Confirmations {
				sum.Confirmations = r.Confirmations
			}
			sum.Amount += r.Amount
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("received by accounts: %w", err)
	}
	return list, nil
}

// Receipts is what was ever paid to an address, with the transactions that did.
type Receipts struct {
	Received
	Hashes []chainhash.Hash // of the transactions, the oldest first
}

// Receipts returns what was paid to each address in transactions with at least minConf
// confirmations, in the order of the addresses. Without any, unmined transactions count. With
// empty, addresses that were handed out and never paid are among them.
func (w *Wallet) Receipts(ctx context.Context, minConf int64, empty bool) ([]Receipts, error) {
	by := make(map[string]*Receipts)
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		q := newQuery(w, tx, s)
		for n := range s.Scripts {
			if sc := &s.Scripts[n]; empty && s.HandedOut(sc) {
				address := hd.ScriptAddress(w.cfg.Params.ChainParams, sc.Pay)
				by[address] = &Receipts{Received: Received{Account: s.AccountName(sc.Account), Address: address}}
			}
		}
		delete(by, "") // of scripts without one
		return q.history(ctx, &HistoryFilter{}, func(t *Transaction) bool {
			if t.Confirmations >= minConf {
				addReceipts(by, t)
			}
			return true
		})
	})
	if err != nil {
		return nil, fmt.Errorf("receipts: %w", err)
	}
	list := make([]Receipts, 0, len(by))
	for _, r := range by {
		slices.Reverse(r.Hashes)
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Receipts) int { return cmp.Compare(a.Address, b.Address) })
	return list, nil
}

// addReceipts adds what a transaction pays to addresses. Transactions come newest first.
func addReceipts(by map[string]*Receipts, t *Transaction) {
	for i := range t.Credits {
		c := &t.Credits[i]
		if c.Commitment || c.Source == FromTicket || c.Address == "" {
			continue
		}
		r := by[c.Address]
		if r == nil {
			r = &Receipts{Received: Received{Account: c.Account, Address: c.Address}}
			by[c.Address] = r
		}
		if r.Payments == 0 {
			r.Confirmations = t.Confirmations
		}
		r.Payments++
		r.Amount += c.Amount
		r.Hashes = append(r.Hashes, t.Hash)
	}
}

// payments calls fn for the payments to scripts, or without addresses for all.
func (q *query) payments(addresses []string, scripts []uint32, fn func(p ledger.Payment) error) error {
	for _, n := range scripts {
		if err := ledger.PaymentsOf(q.tx, n, fn); err != nil {
			return err
		}
	}
	if len(addresses) > 0 {
		return nil
	}
	t, err := rows.OpenTable(q.tx, ledger.PaymentsTable())
	if err != nil {
		return err
	}
	return t.Walk(nil, func(k, v []byte) (bool, error) {
		p, err := ledger.DecodePayment(k, v)
		if err == nil {
			err = fn(p)
		}
		return true, err
	})
}

// scriptsOf returns the numbers of the watched scripts that pay addresses. Those of
// others are left out. The errors are those of ImportAddress.
func (q *query) scriptsOf(addresses []string) ([]uint32, error) {
	var list []uint32
	for _, address := range addresses {
		addr, err := hd.ParseAddress(q.w.cfg.Params.ChainParams, address)
		if err != nil {
			return nil, err
		}
		for _, pay := range hd.PayScripts(addr) {
			if n, ok := q.w.store.Owner(q.s)(pay); ok && !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	return list, nil
}

// named returns sums in the order of their scripts, with names.
func (q *query) named(by map[uint32]*Received) []Received {
	list := make([]Received, 0, len(by))
	for _, n := range slices.Sorted(maps.Keys(by)) {
		r := by[n]
		sc := &q.s.Scripts[n]
		r.Account = q.s.AccountName(sc.Account)
		r.Address = hd.ScriptAddress(q.w.cfg.Params.ChainParams, sc.Pay)
		list = append(list, *r)
	}
	return list
}
