package apply

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// add takes a block into the books: it voids the regular transactions of its
// parent if it disapproves of them, and records what its own transactions do.
// What is recorded already stays as it is. With repaired, its parent may be recorded as
// disapproved although the block approves of it.
func (a *application) add(s *state.Snapshot, b *chain.Block, repaired bool) error {
	if b.Header.VoteBits()&1 == 0 {
		if err := a.disapprove(b.Height - 1); err != nil {
			return err
		}
	} else if repaired && ledger.IsDisapproved(a.tx, b.Height-1) { // damage, which a repair has left to this block
		if err := a.approve(s, b.Height-1); err != nil {
			return err
		}
	}
	if b.Msg == nil {
		return nil
	}
	owner := a.store.OwnerAt(s, b.Height)
	received := make(map[wire.OutPoint]bool) // by this block
	err := txn.EachTx(b.Msg, func(p txn.Place, tx *wire.MsgTx, kind txn.Kind) error {
		p.Height = b.Height
		e := txn.Examine(tx, kind, owner)
		ours, err := a.concerns(&e, received)
		if err != nil || !ours && !a.published(tx) {
			return err
		}
		m := &ledger.Mined{Place: p, Hash: tx.TxHash(), Block: b.Hash, Time: uint32(b.Header.Timestamp()), Tx: tx}
		for _, c := range e.Credits {
			received[wire.OutPoint{Hash: m.Hash, Index: c.Index}] = true
		}
		known := rows.Has(a.tx.Bucket(ledger.MinedBucket), txn.PlaceKey(p))
		if err := a.noteFound(m, &e, known); err != nil {
			return err
		}
		if ledger.Void(a.tx, p) {
			if err := a.validateVoid(s, m); err != nil {
				return err
			}
		} else {
			again, err := a.validate(s, m, &e)
			if err != nil {
				return err
			}
			if again {
				a.minedAgain = append(a.minedAgain, m.Hash)
			}
		}
		if err := errors.Join(ledger.PutMined(a.tx, m), a.keep(m, ours)); err != nil {
			return err
		}
		if ledger.Void(a.tx, p) {
			if known {
				return nil
			}
			return a.releaseLate(m)
		}
		if err := a.find(s, m, &e); err != nil {
			return err
		}
		return ledger.Record(a.tx, p, &m.Hash, &e)
	})
	if err != nil {
		return err
	}
	return a.confirm(b)
}

// published reports whether a transaction was published here, or mined before: it stays
// in the books when it is mined, also if all that it pays is born later and does not count.
func (a *application) published(tx *wire.MsgTx) bool {
	p := a.pool()
	if len(p.ByHash) == 0 {
		return false
	}
	u := p.ByHash[tx.TxHash()]
	return u != nil && u.Origin != ledger.Relayed
}

// keep records that a mined transaction stays in the books whatever is born: one that
// is not the wallet's, or may not be when a rescan is given up that goes on.
func (a *application) keep(m *ledger.Mined, ours bool) error {
	u := a.pool().ByHash[m.Hash]
	switch {
	case u == nil || u.Origin == ledger.Relayed:
		return nil
	case ours && (u.Origin != ledger.Published || !state.AnyBirthdayUndo(a.tx)):
		return nil
	}
	b, err := a.tx.CreateBucketIfNotExists(ledger.KeptBucket)
	if err != nil {
		return err
	}
	return b.Put(m.Hash[:], nil)
}

// find notes which scripts a transaction pays that the wallet did not know about. What
// spends a ticket pays the scripts that the ticket commits to.
func (a *application) find(s *state.Snapshot, m *ledger.Mined, e *txn.Effects) error {
	if len(s.ScannedRanges) == 0 {
		return nil
	}
	for _, c := range slices.Concat(e.Credits, e.Commitments) {
		op := wire.OutPoint{Hash: m.Hash, Index: c.Index}
		if c.Script == txn.NoScript || rows.Has(a.tx.Bucket(ledger.CommitmentsBucket), rows.OutPointKey(op)) {
			continue
		}
		_, known, err := ledger.GetCredit(a.tx, op)
		if err != nil {
			return err
		}
		if !known {
			s.Found(c.Script, m.Place.Height)
		}
	}
	return nil
}

// noteFound notes the height of a transaction of an old block that is new to the wallet, or that
// pays what it did not know of, see wallet.Wallet.Since.
func (a *application) noteFound(m *ledger.Mined, e *txn.Effects, known bool) error {
	if m.Place.Height > a.tip || a.found != 0 && a.found <= m.Place.Height {
		return nil
	}
	if known && !ledger.Void(a.tx, m.Place) {
		for _, c := range slices.Concat(e.Credits, e.Commitments) {
			if c.Script == txn.NoScript {
				continue
			}
			op := wire.OutPoint{Hash: m.Hash, Index: c.Index}
			_, credited, err := ledger.GetCredit(a.tx, op)
			if err != nil {
				return err
			}
			known = known && (credited || rows.Has(a.tx.Bucket(ledger.CommitmentsBucket), rows.OutPointKey(op)))
		}
	}
	if !known {
		a.found = m.Place.Height
	}
	return nil
}

// concerns reports whether a transaction pays a watched script, or spends an
// output that does: one of an earlier block, or of those received before it in
// the same block.
func (a *application) concerns(e *txn.Effects, received map[wire.OutPoint]bool) (bool, error) {
	if e.Received() {
		return true, nil
	}
	for _, sp := range e.Spends {
		if received[wire.OutPoint{Hash: sp.Prev.Hash, Index: sp.Prev.Index}] {
			return true, nil
		}
		if _, ok, err := ledger.GetCredit(a.tx, sp.Prev); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// disapprove makes the regular transactions of a block void. Those that may be
// mined again are unmined from then on.
func (a *application) disapprove(h consensus.Height) error {
	if ledger.IsDisapproved(a.tx, h) {
		return nil
	}
	list, err := ledger.MinedIn(a.tx, h, h)
	if err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Place.Tree != wire.TxTreeRegular {
			continue
		}
		if err := ledger.Revoke(a.tx, list[i]); err != nil {
			return err
		}
	}
	if err := a.tx.Bucket(ledger.DisapprovedBucket).Put(rows.Key(uint32(h)), []byte{}); err != nil {
		return err
	}
	return a.release(slices.DeleteFunc(list, func(m *ledger.Mined) bool { return m.Place.Tree != wire.TxTreeRegular }))
}

// approve undoes disapprove.
func (a *application) approve(s *state.Snapshot, h consensus.Height) error {
	if err := a.tx.Bucket(ledger.DisapprovedBucket).Delete(rows.Key(uint32(h))); err != nil {
		return err
	}
	list, err := ledger.MinedIn(a.tx, h, h)
	if err != nil {
		return err
	}
	owner := a.store.OwnerAt(s, h)
	for _, m := range list {
		if m.Place.Tree != wire.TxTreeRegular {
			continue
		}
		e := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), owner)
		if err := ledger.Record(a.tx, m.Place, &m.Hash, &e); err != nil {
			return err
		}
		if err := a.resolve(m.Hash, m.Tx); err != nil {
			return err
		}
		a.minedAgain = append(a.minedAgain, m.Hash)
	}
	return nil
}

// rollback takes back all blocks above one that the wallet remembers, in this
// transaction of the file. Where they may hold many transactions, see takePart.
func (a *application) rollback(s *state.Snapshot, to consensus.BlockID) error {
	taken, err := a.takeBack(s, to)
	if err != nil {
		return err
	}
	if err := a.releaseTaken(taken); err != nil {
		return err
	}
	return a.reapprove(s, to.Height) // what counts again wins over what was released
}

// takeBack does so, but makes nothing unmined. It returns the transactions.
func (a *application) takeBack(s *state.Snapshot, to consensus.BlockID) ([]*ledger.Mined, error) {
	taken, err := ledger.MinedIn(a.tx, to.Height+1, consensus.Never)
	if err != nil {
		return nil, err
	}
	if err := a.leave(s, to, taken); err != nil {
		return nil, err
	}
	for i := len(taken) - 1; i >= 0; i-- {
		m := taken[i]
		if !ledger.Void(a.tx, m.Place) {
			if err := ledger.Revoke(a.tx, m); err != nil {
				return nil, err
			}
		}
		if err := ledger.DeleteMined(a.tx, m); err != nil {
			return nil, err
		}
	}
	s.Forget(to)
	if from := a.pool().MinedFrom; from != consensus.Never && from > to.Height+1 {
		a.store.Draft().MinedFrom = to.Height + 1 // another branch may hold them earlier
	}
	return taken, nil
}

// reapprove drops the disapprovals by blocks above a height.
func (a *application) reapprove(s *state.Snapshot, h consensus.Height) error {
	c := a.tx.Bucket(ledger.DisapprovedBucket).Cursor()
	var void []consensus.Height
	for k, _ := c.Seek(rows.Key(uint32(h))); len(k) == 4; k, _ = c.Next() {
		void = append(void, consensus.Height(binary.BigEndian.Uint32(k)))
	}
	for _, v := range void {
		if err := a.approve(s, v); err != nil {
			return err
		}
	}
	return nil
}
