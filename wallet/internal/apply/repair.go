package apply

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Rebuild rebuilds all rows that follow from the mined transactions, without those of
// them that are damaged or contradict each other. All blocks have to be searched again after it.
func (p *Applier) Rebuild(tx *bolt.Tx, s *state.Snapshot) error {
	a := application{Applier: p, tx: tx}
	if err := errors.Join(a.dropBadMined(s), a.dropBadDisapproved(s), a.dropBadLeft()); err != nil {
		return err
	}
	if err := emptyBooks(a.tx); err != nil {
		return err
	}
	var contradicting [][]byte
	err := rows.Each(a.tx.Bucket(ledger.MinedBucket), func(k, v []byte) error {
		m, err := ledger.DecodeMined(k, v)
		if err != nil {
			return err
		}
		ok, err := a.restate(s, m)
		if err == nil && !ok {
			contradicting = append(contradicting, bytes.Clone(k))
		}
		return err
	})
	return cmp.Or(err, deleteRows(a.tx.Bucket(ledger.MinedBucket), contradicting), a.dropBadUnmined())
}

// dropBadMined deletes the mined transactions that are not what their rows say. When the block
// of one is remembered otherwise, either may be damaged: that block is forgotten too.
func (a *application) dropBadMined(s *state.Snapshot) error {
	places, err := rows.OpenTable(a.tx, ledger.PlacesTable())
	if err != nil {
		return err
	}
	var bad [][]byte
	doubtful := make(map[consensus.Height]bool)
	err = rows.Each(a.tx.Bucket(ledger.MinedBucket), func(k, v []byte) error {
		m, err := ledger.DecodeMined(k, v)
		if err == nil {
			if !s.Remembers(m) {
				doubtful[m.Place.Height] = true
			}
			err = CheckMined(s, m)
		}
		if err == nil { // a row of another key would be in the wrong block
			var row []byte
			if row, err = places.Get(m.PlaceKey()); err == nil && row == nil {
				err = rows.ErrCorrupt
			}
		}
		if errors.Is(err, rows.ErrCorrupt) {
			bad, err = append(bad, bytes.Clone(k)), nil
		}
		return err
	})
	kept := make([]remembered.Block, 0, len(s.Blocks))
	for _, b := range s.Blocks {
		named := b.Height == 0 || b.BlockID == s.Tip || b.BlockID == s.Cursor || b.BlockID == s.Common
		if named || !doubtful[b.Height] {
			kept = append(kept, b)
		}
	}
	s.Blocks = kept
	return cmp.Or(err, deleteRows(a.tx.Bucket(ledger.MinedBucket), bad))
}

// CheckMined returns rows.ErrCorrupt for a mined transaction that contradicts itself or the blocks
// that the wallet remembers.
func CheckMined(s *state.Snapshot, m *ledger.Mined) error {
	switch {
	case m.Hash != m.Tx.TxHash() || m.Place.Height > s.Tip.Height:
		return fmt.Errorf("transaction at %x is not what it says: %w", txn.PlaceKey(m.Place), rows.ErrCorrupt)
	case !s.Remembers(m):
		return fmt.Errorf("block of the transaction at %x is remembered otherwise: %w", txn.PlaceKey(m.Place), rows.ErrCorrupt)
	}
	return nil
}

// dropBadDisapproved deletes the rows of the disapproved bucket that name no block.
func (a *application) dropBadDisapproved(s *state.Snapshot) error {
	b := a.tx.Bucket(ledger.DisapprovedBucket)
	return dropBad(b, func(k, v []byte) error { return CheckDisapproved(a.tx, s, k, v) })
}

// CheckDisapproved returns rows.ErrCorrupt for a row of the disapproved bucket that names no block
// below the tip. Between the steps of a rollback it may be above the tip.
func CheckDisapproved(tx *bolt.Tx, s *state.Snapshot, k, v []byte) error {
	if len(k) != 4 || len(v) != 0 || binary.BigEndian.Uint32(k) >= uint32(s.Tip.Height) && tx.Bucket(state.ReleasingBucket) == nil {
		return fmt.Errorf("disapproved block %x: %w", k, rows.ErrCorrupt)
	}
	return nil
}

// dropBadLeft deletes the rows about what was taken back, and about conflicts, that are damaged.
func (a *application) dropBadLeft() error {
	return errors.Join(
		dropBad(a.tx.Bucket(ledger.LeftBucket), CheckLeft),
		dropBad(a.tx.Bucket(ledger.TakenBucket), CheckTaken),
		dropBad(a.tx.Bucket(ledger.FoundBucket), ledger.CheckFound),
		dropBad(a.tx.Bucket(state.ReleasingBucket), CheckReleasing),
		dropBad(a.tx.Bucket(ledger.ConflictsBucket), func(k, v []byte) error { return CheckConflict(a.tx, k, v) }))
}

// CheckLeft returns rows.ErrCorrupt for a row of the left bucket that is damaged.
func CheckLeft(k, v []byte) error {
	if _, err := ledger.DecodeLeft(k, v); err != nil {
		return fmt.Errorf("read block %x that was taken back: %w", k, err)
	}
	return nil
}

// CheckTaken returns rows.ErrCorrupt for a row of the taken bucket that is damaged.
func CheckTaken(k, v []byte) error {
	if len(k) != txn.PlaceSize+chainhash.HashSize {
		return fmt.Errorf("transaction %x that was taken back: %w", k, rows.ErrCorrupt)
	}
	m, err := ledger.DecodeMined(k[:txn.PlaceSize], v)
	if err != nil || m.Hash != m.Tx.TxHash() || !bytes.Equal(m.TakenKey(), k) {
		return fmt.Errorf("transaction %x that was taken back: %w", k, cmp.Or(err, rows.ErrCorrupt))
	}
	return nil
}

// CheckReleasing returns rows.ErrCorrupt for a row of the releasing bucket that is damaged.
func CheckReleasing(k, v []byte) error {
	m, err := ledger.DecodeMined(k, v)
	if err != nil || m.Hash != m.Tx.TxHash() {
		return fmt.Errorf("transaction %x that is to be unmined: %w", k, cmp.Or(err, rows.ErrCorrupt))
	}
	return nil
}

// CheckConflict returns rows.ErrCorrupt for a row of the conflicts bucket without the one of the
// other direction.
func CheckConflict(tx *bolt.Tx, k, v []byte) error {
	const size = chainhash.HashSize
	if len(k) != 2*size || len(v) != 0 || !rows.Has(tx.Bucket(ledger.ConflictsBucket), append(bytes.Clone(k[size:]), k[:size]...)) {
		return fmt.Errorf("conflict of transactions %x: %w", k, rows.ErrCorrupt)
	}
	return nil
}

// dropBad deletes the rows of a bucket that a check finds damaged. There may be no bucket.
func dropBad(b *bolt.Bucket, check func(k, v []byte) error) error {
	if b == nil {
		return nil
	}
	var bad [][]byte
	err := rows.Each(b, func(k, v []byte) error {
		if check(k, v) != nil {
			bad = append(bad, bytes.Clone(k))
		}
		return nil
	})
	return cmp.Or(err, deleteRows(b, bad))
}

// deleteRows deletes rows of a bucket by their keys.
func deleteRows(b *bolt.Bucket, keys [][]byte) error {
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// emptyBooks deletes all rows that follow from the mined transactions.
func emptyBooks(tx *bolt.Tx) error {
	for _, name := range [][]byte{ledger.CommitmentsBucket, ledger.SumsBucket, ledger.TicketsBucket, ledger.AgingBucket, rows.TablesBucket} {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	for _, kind := range ledger.Tables() {
		if err := rows.NewTable(tx, kind); err != nil {
			return err
		}
	}
	return nil
}

// restate stores the rows that follow from a mined transaction, after those of all before
// it. It stores none and returns false for one that contradicts these.
func (a *application) restate(s *state.Snapshot, m *ledger.Mined) (ok bool, err error) {
	e := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), a.store.OwnerAt(s, m.Place.Height))
	if !ledger.Void(a.tx, m.Place) {
		if ok, err := a.fits(m, &e); err != nil || !ok {
			return false, err
		}
	}
	places, err := rows.OpenTable(a.tx, ledger.PlacesTable())
	if err != nil {
		return false, err
	}
	if err := places.Put(m.PlaceKey(), nil); err != nil || ledger.Void(a.tx, m.Place) {
		return true, err
	}
	return true, ledger.Record(a.tx, m.Place, &m.Hash, &e)
}

// fits reports whether a mined transaction makes no credit that is there already, and spends
// none that is spent.
func (a *application) fits(m *ledger.Mined, e *txn.Effects) (bool, error) {
	for _, c := range e.Credits {
		if _, known, err := ledger.GetCredit(a.tx, wire.OutPoint{Hash: m.Hash, Index: c.Index}); err != nil || known {
			return false, err
		}
	}
	for _, sp := range e.Spends {
		if _, spent, err := ledger.GetSpender(a.tx, sp.Prev); err != nil || spent {
			return false, err
		}
	}
	return true, nil
}

// dropBadUnmined drops the unmined transactions that cannot be mined.
func (a *application) dropBadUnmined() error {
	p := a.pool()
	for _, u := range p.Sorted() {
		err := CheckUnmined(a.tx, p, u)
		if errors.Is(err, rows.ErrCorrupt) {
			err = a.store.Draft().Remove(a.tx, u.Hash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckUnmined checks that a transaction of a pool could be mined.
func CheckUnmined(tx *bolt.Tx, p *ledger.Pool, u *ledger.Unmined) error {
	if u.Hash != u.Tx.TxHash() {
		return fmt.Errorf("unmined transaction %s is not what it says: %w", u.Hash, rows.ErrCorrupt)
	}
	places, err := ledger.PlacesOf(tx, &u.Hash)
	if err != nil {
		return err
	}
	for _, place := range places {
		if !ledger.Void(tx, place) {
			return fmt.Errorf("unmined transaction %s is mined: %w", u.Hash, rows.ErrCorrupt)
		}
	}
	for _, op := range txn.PrevOuts(u.Tx) {
		if p.SpentBy[op] != u.Hash {
			return fmt.Errorf("output %s is spent by two unmined transactions: %w", op, rows.ErrCorrupt)
		}
		if _, spent, err := ledger.GetSpender(tx, op); spent || err != nil {
			return fmt.Errorf("unmined transaction %s spends what is spent: %w", u.Hash, cmp.Or(err, rows.ErrCorrupt))
		}
	}
	return nil
}
