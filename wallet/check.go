package wallet

import (
	"bytes"
	"cmp"
	"context"
	"fmt"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/apply"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Check reads the whole file, derives the scripts of all accounts again, and holds every other
// row against what the mined transactions say. It changes nothing. Damage is ErrCorrupt,
// and a *Repairable if a rescan removes it. While new scripts are being searched for in
// old blocks, or a canceled rescan is being forgotten, rows of theirs may be missing. That a
// label, a lock or an unmined transaction is missing shows nowhere: nothing else has them.
func (w *Wallet) Check(ctx context.Context) error {
	return w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		stored, err := state.LoadSnapshot(tx)
		if err != nil {
			return err
		}
		if !stored.Equal(s.UpTo(stored)) {
			return fmt.Errorf("memory differs from the file: %w", ErrCorrupt)
		}
		return cmp.Or(w.checkGiven(ctx, tx, s), w.checkDerived(ctx, tx, s))
	})
}

// checkDerived checks all rows that follow from the chain and from what the wallet watches.
// Damage is a *Repairable.
func (w *Wallet) checkDerived(ctx context.Context, tx *bolt.Tx, s *state.Snapshot) error {
	return repairable(s, cmp.Or(
		rows.Each(tx.Bucket(ledger.DisapprovedBucket), func(k, v []byte) error { return apply.CheckDisapproved(tx, s, k, v) }),
		w.checkBooks(ctx, tx, s),
		checkPool(tx),
		rows.Each(tx.Bucket(ledger.LeftBucket), apply.CheckLeft),
		rows.Each(tx.Bucket(ledger.TakenBucket), apply.CheckTaken),
		ifAny(tx.Bucket(ledger.FoundBucket), ledger.CheckFound),
		ifAny(tx.Bucket(state.ReleasingBucket), apply.CheckReleasing),
		ifAny(tx.Bucket(ledger.ConflictsBucket), func(k, v []byte) error { return apply.CheckConflict(tx, k, v) })))
}

// ifAny is all for a bucket that there may not be.
func ifAny(b *bolt.Bucket, fn func(k, v []byte) error) error {
	if b == nil {
		return nil
	}
	return rows.Each(b, fn)
}

// audit holds the rows of the books against the mined transactions. It counts the rows
// that these explain: all that there are have to be.
type audit struct {
	w  *Wallet
	tx *bolt.Tx
	s  *state.Snapshot

	tables map[string]*rows.Table
	found  map[string]int // rows that a transaction explains, by table or bucket

	// searching says that rows may be missing.
	searching bool
}

// checkBooks checks all rows that follow from the mined transactions. What it holds
// in memory does not grow with them.
func (w *Wallet) checkBooks(ctx context.Context, tx *bolt.Tx, s *state.Snapshot) error {
	a := &audit{w: w, tx: tx, s: s, tables: make(map[string]*rows.Table), found: make(map[string]int),
		searching: s.Scan() || s.Fresh < s.Count() || s.Forgetting.Job != 0}
	for _, kind := range ledger.Tables() {
		t, err := rows.OpenTable(tx, kind)
		if err != nil {
			return err
		}
		a.tables[kind.Name] = t
	}
	err := rows.Each(tx.Bucket(ledger.MinedBucket), func(k, v []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m, err := ledger.DecodeMined(k, v)
		if err != nil {
			return err
		}
		return a.transaction(m)
	})
	return cmp.Or(err, a.holdings(), a.counts())
}

// transaction checks the rows of one transaction.
func (a *audit) transaction(m *ledger.Mined) error {
	if err := apply.CheckMined(a.s, m); err != nil {
		return err
	}
	if err := a.expect(ledger.PlacesTable().Name, m.PlaceKey(), []byte{}, true); err != nil || ledger.Void(a.tx, m.Place) {
		return err
	}
	e := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), a.w.store.OwnerAt(a.s, m.Place.Height))
	for _, c := range e.Credits {
		if err := a.credit(m, c, e.Expires); err != nil {
			return err
		}
	}
	for _, c := range e.Commitments {
		key := rows.OutPointKey(wire.OutPoint{Hash: m.Hash, Index: c.Index})
		row := ledger.Credit{Place: m.Place, Script: c.Script, Amount: c.Amount, Source: c.Source}
		k, v := ledger.Payment{Script: c.Script, Place: m.Place, Index: c.Index, Amount: c.Amount, Source: c.Source}.Encode()
		err := cmp.Or(a.expect(string(ledger.CommitmentsBucket), key, row.Encode(), !a.searching),
			a.expect(ledger.PaymentsTable().Name, k, v, !a.searching))
		if err != nil {
			return err
		}
	}
	for _, sp := range e.Spends {
		c, ours, err := ledger.GetCredit(a.tx, sp.Prev)
		if err != nil {
			return err
		}
		if !ours || bytes.Compare(txn.PlaceKey(c.Place), txn.PlaceKey(m.Place)) >= 0 {
			continue
		}
		if err := a.expect(ledger.SpendsTable().Name, rows.OutPointKey(sp.Prev), ledger.Spender{Place: m.Place, Input: sp.Input}.Encode(), !a.searching); err != nil {
			return err
		}
	}
	return nil
}

// credit checks the rows of a credit but that of the unspent table.
func (a *audit) credit(m *ledger.Mined, c txn.Credited, expires bool) error {
	key := rows.OutPointKey(wire.OutPoint{Hash: m.Hash, Index: c.Index})
	row := ledger.Credit{Place: m.Place, Script: c.Script, Amount: c.Amount, Source: c.Source}
	if err := a.expect(ledger.CreditsTable().Name, key, row.Encode(), !a.searching); err != nil || c.Source == FromTicket {
		return err
	}
	k, v := ledger.Payment{Script: c.Script, Place: m.Place, Index: c.Index, Amount: c.Amount, Source: c.Source}.Encode()
	if err := a.expect(ledger.PaymentsTable().Name, k, v, !a.searching); err != nil {
		return err
	}
	if c.Source == FromPayment && !expires {
		return nil
	}
	return a.expect(string(ledger.AgingBucket), ledger.HoldingKey(m.Place, c.Index), ledger.AgingValue(expires), !a.searching)
}

// expect checks that a table or bucket has a row with a value, or if it may be missing
// none of its key.
func (a *audit) expect(name string, key, value []byte, needed bool) error {
	var got []byte
	var err error
	if t := a.tables[name]; t != nil {
		got, err = t.Get(key)
	} else {
		got = a.tx.Bucket([]byte(name)).Get(key)
	}
	switch {
	case err != nil:
		return err
	case got == nil && needed:
		return fmt.Errorf("%s lacks %x: %w", name, key, ErrCorrupt)
	case got == nil:
		return nil
	case !bytes.Equal(got, value):
		return fmt.Errorf("%s has %x for %x, not %x: %w", name, got, key, value, ErrCorrupt)
	}
	a.found[name]++
	return nil
}

// holdings checks the unspent outputs, and what follows from them: the sums of the
// accounts and the tickets.
func (a *audit) holdings() error {
	sums := make(map[uint32]dcrutil.Amount)
	err := a.tables[ledger.UnspentTable().Name].Walk(nil, func(k, v []byte) (bool, error) {
		h, err := ledger.DecodeHolding(k, v)
		if err != nil {
			return false, err
		}
		m, err := ledger.GetMined(a.tx, h.Place)
		if err != nil || m == nil {
			return false, fmt.Errorf("unspent output at %x: %w", k, cmp.Or(err, ErrCorrupt))
		}
		op := wire.OutPoint{Hash: m.Hash, Index: h.Index}
		c, ok, err := ledger.GetCredit(a.tx, op)
		if err != nil || !ok || c.Holding(op.Index) != h {
			return false, fmt.Errorf("unspent output %s is no credit: %w", op, cmp.Or(err, ErrCorrupt))
		}
		if _, spent, err := ledger.GetSpender(a.tx, op); err != nil || spent {
			return false, fmt.Errorf("unspent output %s is spent: %w", op, cmp.Or(err, ErrCorrupt))
		}
		a.found[ledger.UnspentTable().Name]++
		if h.Source == FromTicket {
			return true, a.expect(string(ledger.TicketsBucket), rows.OutPointKey(op), []byte{}, true)
		}
		sums[a.s.Scripts[h.Script].Account] += h.Amount
		return true, nil
	})
	if err != nil {
		return err
	}
	if n, want := a.found[ledger.UnspentTable().Name], a.found[ledger.CreditsTable().Name]-a.found[ledger.SpendsTable().Name]; n != want {
		return fmt.Errorf("%d unspent outputs, not %d: %w", n, want, ErrCorrupt)
	}
	err = rows.Each(a.tx.Bucket(ledger.SumsBucket), func(k, _ []byte) error {
		r := rows.Row{Rest: k}
		account := r.U32()
		sum, err := ledger.SumOf(a.tx, account)
		if err != nil || r.Done() != nil || sum != sums[account] {
			return fmt.Errorf("account %d has %d atoms in all, not %d: %w", account, sum, sums[account], cmp.Or(err, ErrCorrupt))
		}
		delete(sums, account)
		return nil
	})
	for account, sum := range sums {
		if err == nil && sum != 0 {
			err = fmt.Errorf("account %d has no sum, which is %d atoms: %w", account, sum, ErrCorrupt)
		}
	}
	return err
}

// counts checks that nothing is there that no transaction explains.
func (a *audit) counts() error {
	for name, t := range a.tables {
		if err := t.Check(); err != nil {
			return err
		}
		n := 0
		if err := t.Walk(nil, func(_, _ []byte) (bool, error) { n++; return true, nil }); err != nil {
			return err
		}
		if n != a.found[name] {
			return fmt.Errorf("%s has %d rows, and transactions explain %d: %w", name, n, a.found[name], ErrCorrupt)
		}
	}
	for _, name := range [][]byte{ledger.CommitmentsBucket, ledger.AgingBucket, ledger.TicketsBucket} {
		n := 0
		if err := rows.Each(a.tx.Bucket(name), func(_, _ []byte) error { n++; return nil }); err != nil {
			return err
		}
		if n != a.found[string(name)] {
			return fmt.Errorf("%s has %d rows, and transactions explain %d: %w", name, n, a.found[string(name)], ErrCorrupt)
		}
	}
	return nil
}

// checkPool checks that unmined transactions could all be mined.
func checkPool(tx *bolt.Tx) error {
	p, err := ledger.LoadPool(tx)
	if err != nil {
		return err
	}
	for _, u := range p.ByHash {
		if err := apply.CheckUnmined(tx, p, u); err != nil {
			return err
		}
	}
	return nil
}

// checkWindows checks that every address in a window is watched.
func checkWindows(s *state.Snapshot) error {
	var watched [][2]uint32
	for range s.Accounts {
		watched = append(watched, [2]uint32{})
	}
	for i := range s.Scripts {
		if sc := &s.Scripts[i]; sc.Account != ImportedAccount {
			watched[sc.Account][sc.Branch]++
		}
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for branch, window := range a.Branches {
			if watched[i][branch] != a.Watched[branch] || a.Watched[branch] < window.End(a.Gap) && !s.Full {
				return fmt.Errorf("account %q watches %d addresses of branch %d, not %d: %w",
					a.Name, watched[i][branch], branch, window.End(a.Gap), ErrCorrupt)
			}
		}
	}
	return nil
}
