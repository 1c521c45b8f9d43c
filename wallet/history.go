package wallet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// HistoryFilter chooses among transactions. The zero value chooses all.
type HistoryFilter struct {
	// Above leaves out what was mined at this height or below it.
	Above consensus.Height

	// Account is the only account wanted. Empty is any. The error is ErrNoAccount.
	Account string

	// Addresses are the only ones wanted: transactions that pay them, or spend
	// what was paid to them. Empty is any. The errors are those of
	// ImportAddress. Besides an Account, a transaction has to concern both.
	Addresses []string

	// Before is a transaction to go on from: it and what is newer is left out, and not
	// read. Zero is none. The error is ErrNoTransaction if the wallet does not have it
	// any longer.
	Before chainhash.Hash

	// Skip is how many of the newest transactions to leave out, Count how many
	// to return at most. Zero is no limit.
	Skip, Count int

	// SkipEntries is how many of the newest transactions that have entries to leave
	// out, besides all newer ones that have none. They are not described, which makes
	// that several times as fast. It has no effect together with Account or Addresses.
	SkipEntries int

	// VoidRewards adds block rewards that the votes of the next block have made void: they are
	// no longer listed, and unlike payments they cannot be mined again.
	VoidRewards bool

	// At is set to the newest block that was applied when the transactions were read,
	// before the first one is returned. Nil drops it.
	At *consensus.BlockID
}

// History returns transactions, newest first: the unmined ones, then those of
// the newest block. Void transactions are left out, but for HistoryFilter.VoidRewards.
func (w *Wallet) History(ctx context.Context, f HistoryFilter) ([]*Transaction, error) {
	var list []*Transaction
	err := w.EachTransaction(ctx, f, func(t *Transaction) bool {
		if f.Skip > 0 {
			f.Skip--
			return true
		}
		list = append(list, t)
		return f.Count <= 0 || len(list) < f.Count
	})
	return list, err
}

// EachTransaction calls yield for the transactions that History returns, in the
// same order, until it returns false. None is read that it does not come to. The
// filter's Skip and Count have no effect.
func (w *Wallet) EachTransaction(ctx context.Context, f HistoryFilter, yield func(*Transaction) bool) error {
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		if f.At != nil {
			*f.At = s.Tip
		}
		if err := s.Chosen(f.Account); err != nil {
			return err
		}
		q := newQuery(w, tx, s)
		return q.history(ctx, &f, yield)
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

func (q *query) history(ctx context.Context, f *HistoryFilter, yield func(*Transaction) bool) error {
	// take yields a transaction and reports whether more are wanted.
	skip := f.SkipEntries
	if f.Account != "" || len(f.Addresses) > 0 {
		skip = 0
	}
	take := func(t *Transaction) bool {
		switch {
		case t.Void && !(f.VoidRewards && t.Kind == Coinbase) || !f.takes(t):
			return true
		case skip == 0:
			return yield(t)
		case len(t.Entries()) > 0:
			skip--
		}
		return true
	}
	unmined, below, err := q.from(f.Before)
	if err != nil {
		return err
	}
	for _, u := range unmined {
		t, err := q.describeUnmined(u)
		if err != nil || !take(t) {
			return err
		}
	}
	var y yielder
	each := func(m *ledger.Mined) (bool, error) {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		y.row()
		if skip > 0 {
			if sure, err := q.surelyHasEntries(m); sure || err != nil {
				skip--
				return err == nil, err
			}
		}
		t, err := q.describeMined(m)
		return err == nil && take(t), err
	}
	if len(f.Addresses) > 0 {
		return q.paying(f.Addresses, f.Above, below, each)
	}
	return q.newestFirst(f.Above, below, each)
}

// surelyHasEntries reports whether a transaction has entries, see Transaction.Entries, as
// far as that is known without describing it. False says nothing.
func (q *query) surelyHasEntries(m *ledger.Mined) (bool, error) {
	if ledger.Void(q.tx, m.Place) {
		return false, nil
	}
	e := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), q.w.store.OwnerAt(q.s, m.Place.Height))
	ours := make(map[uint32]bool, len(e.Credits)+len(e.Commitments))
	for _, c := range e.Commitments {
		ours[c.Index] = true
	}
	for _, c := range e.Credits {
		ours[c.Index] = true
		if c.Script == txn.NoScript || c.Source == FromTicket {
			continue
		}
		if sc := &q.s.Scripts[c.Script]; sc.Account == ImportedAccount || sc.Branch != hd.Internal {
			return true, nil // received, and no change
		}
	}
	for _, sp := range e.Spends {
		c, ok, err := ledger.GetCredit(q.tx, sp.Prev)
		if err != nil {
			return false, err
		}
		for i, out := range m.Tx.TxOut {
			if ok && c.Source != FromTicket && out.Value != 0 && !ours[uint32(i)] {
				return true, nil // sent to others
			}
		}
	}
	return false, nil
}

// yieldRows is after how many rows of a long list other goroutines may run: a few
// hundred microseconds of work.
const yieldRows = 16

// yielder makes a loop over many rows yield its processor. Go takes it away only after
// 10 milliseconds, for which short calls wait once for each list that runs.
type yielder struct{ rows int }

// row counts a row.
func (y *yielder) row() {
	if y.rows++; y.rows%yieldRows == 0 {
		runtime.Gosched()
	}
}

// from returns what comes after a transaction in a history: unmined transactions, newest
// first, and mined ones, below a place unless that is nil. Of the zero hash it is all.
func (q *query) from(hash chainhash.Hash) (unmined []*ledger.Unmined, below *Place, err error) {
	unmined = q.pool.Sorted()
	slices.Reverse(unmined)
	if hash == (chainhash.Hash{}) {
		return unmined, nil, nil
	}
	for i, u := range unmined {
		if u.Hash == hash {
			return unmined[i+1:], nil, nil
		}
	}
	places, err := ledger.PlacesOf(q.tx, &hash)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range places {
		if !ledger.Void(q.tx, p) {
			below = &p
		}
	}
	if below == nil {
		return nil, nil, q.noTransaction(hash)
	}
	return nil, below, nil
}

// newestFirst calls fn for the mined transactions above a height and below a place,
// unless that is nil, newest first, until it returns false.
func (q *query) newestFirst(above consensus.Height, below *Place, fn func(m *ledger.Mined) (more bool, err error)) error {
	c := q.tx.Bucket(ledger.MinedBucket).Cursor()
	k, v := c.Last()
	if below != nil {
		c.Seek(txn.PlaceKey(*below))
		k, v = c.Prev()
	}
	for ; len(k) == txn.PlaceSize && consensus.Height(binary.BigEndian.Uint32(k)) > above; k, v = c.Prev() {
		m, err := ledger.DecodeMined(k, v)
		if err != nil {
			return err
		}
		if more, err := fn(m); err != nil || !more {
			return err
		}
	}
	return nil
}

// paying does the same for the transactions that pay addresses or spend what
// was paid to them. It reads no others.
func (q *query) paying(addresses []string, above consensus.Height, below *Place, fn func(m *ledger.Mined) (more bool, err error)) error {
	scripts, err := q.scriptsOf(addresses)
	if err != nil {
		return err
	}
	places := make(map[Place]bool)
	for _, n := range scripts {
		if err := q.placesPaying(n, places); err != nil {
			return err
		}
	}
	sorted := slices.SortedFunc(maps.Keys(places), func(a, b Place) int { return bytes.Compare(txn.PlaceKey(b), txn.PlaceKey(a)) })
	for _, p := range sorted {
		if p.Height <= above {
			break
		}
		if below != nil && bytes.Compare(txn.PlaceKey(p), txn.PlaceKey(*below)) >= 0 {
			continue
		}
		m, err := ledger.GetMined(q.tx, p)
		if err != nil || m == nil {
			return fmt.Errorf("transaction at %v: %w", p, cmp.Or(err, ErrCorrupt))
		}
		if more, err := fn(m); err != nil || !more {
			return err
		}
	}
	return nil
}

// placesPaying adds where the transactions were mined that pay a script, or
// spend what was paid to it.
func (q *query) placesPaying(script uint32, places map[Place]bool) error {
	return ledger.PaymentsOf(q.tx, script, func(p ledger.Payment) error {
		places[p.Place] = true
		if unspent, err := ledger.IsUnspent(q.tx, p.Place, p.Index); unspent || err != nil {
			return err
		}
		m, err := ledger.GetMined(q.tx, p.Place)
		if err != nil || m == nil {
			return fmt.Errorf("transaction at %v: %w", p.Place, cmp.Or(err, ErrCorrupt))
		}
		by, spent, err := ledger.GetSpender(q.tx, wire.OutPoint{Hash: m.Hash, Index: p.Index})
		if err != nil {
			return err
		}
		if spent {
			places[by.Place] = true
		}
		return nil
	})
}

// takes reports whether the filter chooses a transaction.
func (f *HistoryFilter) takes(t *Transaction) bool {
	account, address := f.Account == "", len(f.Addresses) == 0
	for _, c := range t.Credits {
		if right := c.Source == FromTicket && !c.Commitment; right {
			continue // to vote: it is no payment
		}
		account = account || f.Account == c.Account
		address = address || slices.Contains(f.Addresses, c.Address)
	}
	for _, d := range t.Debits {
		account = account || f.Account == d.Account
		address = address || slices.Contains(f.Addresses, d.Address)
	}
	return account && address
}
