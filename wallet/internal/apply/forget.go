package apply

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Forget runs the steps that are left of a canceled rescan, each a transaction of the
// file. It is not canceled itself: half a rescan is of no use.
func (p *Applier) Forget(ctx context.Context) error {
	for p.store.Now().Forgetting.Job != 0 {
		err := p.store.Update(context.WithoutCancel(ctx), func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
			if s.Forgetting.Job == 0 {
				return nil, nil
			}
			next := s.WithAccounts()
			next.Scripts = slices.Clone(s.Scripts)
			return next, p.forget(tx, next, false)
		})
		if err != nil {
			return fmt.Errorf("forget what rescan %d has found; a start goes on with it: %w",
				p.store.Now().Forgetting.Job, err)
		}
	}
	return nil
}

// BeginForgetting runs the first step of forgetting a canceled rescan, in the transaction that
// cancels it. The accounts and scripts of the snapshot must be its own.
func (p *Applier) BeginForgetting(tx *bolt.Tx, s *state.Snapshot) error { return p.forget(tx, s, true) }

// forget runs one step: it takes back what a canceled rescan has lowered and found up to
// some height, or if little enough is left all of it. First says that it is the first one.
// The accounts and scripts of the snapshot must be its own.
func (p *Applier) forget(tx *bolt.Tx, s *state.Snapshot, first bool) error {
	a := application{Applier: p, tx: tx}
	f := s.Forgetting
	list, err := state.BirthdayUndosOf(a.tx, f.Job)
	if err != nil {
		return err
	}
	// A step stores all that was lowered: it may take as many transactions.
	to, more := a.unapplyEnd(f.At, max(a.stepRows, len(list)))
	if more {
		s.Forgetting.At = to
		if err := s.Raise(a.tx, f.Job, list, f.At, to); err != nil {
			return err
		}
		return errors.Join(a.unapplyBefore(s, f.At, to), a.reviveHeirs(s.Tip.Height))
	}
	s.Forgetting = state.Forgetting{}
	changed, err := s.Restore(a.tx, f.Job, f.At)
	if err != nil || first && !changed {
		return err
	}
	if err := a.unapplyBefore(s, f.At, consensus.Never); err != nil {
		return err
	}
	return errors.Join(a.reviveHeirs(s.Tip.Height), a.unapplyUnmined(s))
}

// unapplyEnd returns the height below which there are as many transactions, from a height
// on, as said, or the rest of a block more, and whether there are any above.
func (a *application) unapplyEnd(from consensus.Height, most int) (to consensus.Height, more bool) {
	c := a.tx.Bucket(ledger.MinedBucket).Cursor()
	n, size := 0, 0
	for k, v := c.Seek(rows.Key(uint32(from))); len(k) == txn.PlaceSize; k, v = c.Next() {
		h := consensus.Height(binary.BigEndian.Uint32(k))
		if h != to && (n >= most || size >= stepBytes) {
			return h, true
		}
		to = h
		n++
		size += len(v)
	}
	return consensus.Never, false
}

// unapplyBefore forgets what mined transactions of the heights from one on and below another
// mean to scripts that were not born by then, and the transactions that mean nothing
// without.
func (a *application) unapplyBefore(s *state.Snapshot, from, to consensus.Height) error {
	list, err := ledger.MinedIn(a.tx, from, to-1)
	if err != nil {
		return err
	}
	var block chainhash.Hash
	var received map[wire.OutPoint]bool // by the block
	for _, m := range list {
		if m.Block != block {
			block, received = m.Block, make(map[wire.OutPoint]bool)
		}
		if err := a.unapplyMined(s, m, received, to); err != nil {
			return fmt.Errorf("transaction %s: %w", m.Hash, err)
		}
	}
	return nil
}

// unapplyMined does so for one transaction. Those before it are done. Received is what
// its block receives before it.
func (a *application) unapplyMined(
	s *state.Snapshot, m *ledger.Mined, received map[wire.OutPoint]bool, to consensus.Height,
) error {
	spends, err := a.spendsOf(m)
	if err != nil {
		return err
	}
	if err := ledger.Revoke(a.tx, m); err != nil {
		return err
	}
	e := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), a.store.OwnerAt(s, m.Place.Height))
	ours, err := a.concernsAt(m.Place, &e, received)
	for _, c := range e.Credits {
		received[wire.OutPoint{Hash: m.Hash, Index: c.Index}] = true
	}
	switch {
	case err != nil:
		return err
	case !ours && !ledger.IsKept(a.tx, &m.Hash):
		err = ledger.DeleteMined(a.tx, m)
	case !ours: // it means nothing, and is kept
	case !ledger.Void(a.tx, m.Place):
		// It may spend what was found after it, which is not in the books as spent yet.
		err = errors.Join(ledger.Record(a.tx, m.Place, &m.Hash, &e), a.dropRivals(m.Hash, m.Tx))
	}
	if err != nil {
		return err
	}
	for _, sp := range spends {
		if err := a.spendAgain(s, sp, to); err != nil {
			return err
		}
	}
	return nil
}

// laterSpend is an input that spends an output of the transaction before it.
type laterSpend struct {
	ledger.Spender
	prev wire.OutPoint
}

// spendsOf takes out of the books what spends the outputs of a transaction, and returns it.
func (a *application) spendsOf(m *ledger.Mined) ([]laterSpend, error) {
	var list []laterSpend
	for i := range m.Tx.TxOut {
		op := wire.OutPoint{Hash: m.Hash, Index: uint32(i)}
		c, ok, err := ledger.GetCredit(a.tx, op)
		if err != nil {
			return nil, err
		}
		if !ok || c.Place != m.Place {
			continue
		}
		by, spent, err := ledger.GetSpender(a.tx, op)
		if err != nil {
			return nil, err
		}
		if !spent {
			continue
		}
		list = append(list, laterSpend{by, op})
		if err := ledger.RevokeSpend(a.tx, by.Place, op); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// spendAgain puts a spend back into the books if its output is still in them. If not, its
// transaction may mean nothing without: one below the given height is looked at by unapplyBefore.
func (a *application) spendAgain(s *state.Snapshot, sp laterSpend, to consensus.Height) error {
	_, ok, err := ledger.GetCredit(a.tx, sp.prev)
	switch {
	case err != nil:
		return err
	case ok:
		return ledger.RecordSpend(a.tx, sp.Place, txn.Spent{Input: sp.Input, Prev: sp.prev})
	case sp.Place.Height < to:
		return nil
	}
	m, err := ledger.GetMined(a.tx, sp.Place)
	if err != nil || m == nil {
		return err
	}
	e := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), a.store.OwnerAt(s, m.Place.Height))
	if ours, err := a.concernsAt(m.Place, &e, nil); err != nil || ours || ledger.IsKept(a.tx, &m.Hash) {
		return err
	}
	return ledger.DeleteMined(a.tx, m)
}

// concernsAt is concerns as it was when the blocks up to a place were applied: what was
// received later does not count.
func (a *application) concernsAt(
	at txn.Place, e *txn.Effects, received map[wire.OutPoint]bool,
) (bool, error) {
	if e.Received() {
		return true, nil
	}
	for _, sp := range e.Spends {
		if received[txn.Bare(sp.Prev)] {
			return true, nil
		}
		c, ok, err := ledger.GetCredit(a.tx, sp.Prev)
		if err != nil || ok && bytes.Compare(txn.PlaceKey(c.Place), txn.PlaceKey(at)) < 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// unapplyUnmined drops the unmined transactions that no longer concern the wallet, but
// for those that were published here, and what they and the others spend.
func (a *application) unapplyUnmined(s *state.Snapshot) error {
	for _, u := range slices.Backward(a.pool().Sorted()) {
		numbers, err := a.store.Touched(a.tx, s, u.Tx)
		if err != nil {
			return err
		}
		needed := u.Origin == ledger.Published || len(a.pool().Children(u.Hash, u.Tx)) > 0
		if len(numbers) == 0 && !needed {
			if err := a.store.Draft().Remove(a.tx, u.Hash); err != nil {
				return err
			}
		}
	}
	return nil
}
