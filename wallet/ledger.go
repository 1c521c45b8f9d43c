package wallet

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// add takes a block into the books: it voids the regular transactions of its
// parent if it disapproves of them, and records what its own transactions do.
// What is recorded already stays as it is. With repaired, its parent may be recorded as
// disapproved although the block approves of it.
func (a *application) add(s *snapshot, b *chain.Block, repaired bool) error {
	if b.Header.VoteBits()&1 == 0 {
		if err := a.disapprove(b.Height - 1); err != nil {
			return err
		}
	} else if repaired && isDisapproved(a.tx, b.Height-1) { // damage, which a repair has left to this block
		if err := a.approve(s, b.Height-1); err != nil {
			return err
		}
	}
	if b.Msg == nil {
		return nil
	}
	owner := a.w.ownerAt(s, b.Height)
	received := make(map[wire.OutPoint]bool) // by this block
	err := eachTx(b.Msg, func(p Place, tx *wire.MsgTx, kind Kind) error {
		p.Height = b.Height
		e := examine(tx, kind, owner)
		ours, err := a.concerns(&e, received)
		if err != nil || !ours && !a.published(tx) {
			return err
		}
		m := &mined{place: p, hash: tx.TxHash(), block: b.Hash, time: uint32(b.Header.Timestamp()), tx: tx}
		for _, c := range e.credits {
			received[wire.OutPoint{Hash: m.hash, Index: c.index}] = true
		}
		known := has(a.tx.Bucket(minedBucket), p.key())
		if !void(a.tx, p) {
			again, err := a.validate(s, m, &e)
			if err != nil {
				return err
			}
			if again {
				a.minedAgain = append(a.minedAgain, m.hash)
			}
		}
		if err := errors.Join(putMined(a.tx, m), a.keep(m, ours)); err != nil {
			return err
		}
		if void(a.tx, p) {
			if known {
				return nil
			}
			return a.releaseLate(m)
		}
		if err := a.find(s, m, &e); err != nil {
			return err
		}
		return record(a.tx, p, &m.hash, &e)
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
	if len(p.byHash) == 0 {
		return false
	}
	u := p.byHash[tx.TxHash()]
	return u != nil && u.origin != Relayed
}

// The kept bucket, which is made with its first row. Keys are the hashes of transactions
// that stay in the books when they are mined though they mean nothing to scripts that
// were born by then, because they were published here or had been mined before. A rescan
// that is given up does not take them along: see unapplyBefore. Values are empty. Rows
// stay.
var keptBucket = []byte("kept")

// keep records that a mined transaction stays in the books whatever is born: one that
// is not the wallet's, or may not be when a rescan is given up that goes on.
func (a *application) keep(m *mined, ours bool) error {
	u := a.pool().byHash[m.hash]
	switch {
	case u == nil || u.origin == Relayed:
		return nil
	case ours && (u.origin != Published || !anyBirthdayUndo(a.tx)):
		return nil
	}
	b, err := a.tx.CreateBucketIfNotExists(keptBucket)
	if err != nil {
		return err
	}
	return b.Put(m.hash[:], nil)
}

// isKept reports whether a transaction stays in the books whatever is born.
func isKept(tx *bolt.Tx, hash *chainhash.Hash) bool {
	b := tx.Bucket(keptBucket)
	return b != nil && has(b, hash[:])
}

// find notes which scripts a transaction pays that the wallet did not know about. What
// spends a ticket pays the scripts that the ticket commits to.
func (a *application) find(s *snapshot, m *mined, e *effects) error {
	if len(s.scannedRanges) == 0 {
		return nil
	}
	for _, c := range slices.Concat(e.credits, e.commitments) {
		op := wire.OutPoint{Hash: m.hash, Index: c.index}
		if c.script == nobody || has(a.tx.Bucket(commitmentsBucket), outpointKey(op)) {
			continue
		}
		_, known, err := getCredit(a.tx, op)
		if err != nil {
			return err
		}
		if !known {
			s.found(c.script, m.place.Height)
		}
	}
	return nil
}

// concerns reports whether a transaction pays a watched script, or spends an
// output that does: one of an earlier block, or of those received before it in
// the same block.
func (a *application) concerns(e *effects, received map[wire.OutPoint]bool) (bool, error) {
	if e.received() {
		return true, nil
	}
	for _, sp := range e.spends {
		if received[wire.OutPoint{Hash: sp.prev.Hash, Index: sp.prev.Index}] {
			return true, nil
		}
		if _, ok, err := getCredit(a.tx, sp.prev); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// disapprove makes the regular transactions of a block void. Those that may be
// mined again are unmined from then on.
func (a *application) disapprove(h consensus.Height) error {
	if isDisapproved(a.tx, h) {
		return nil
	}
	list, err := minedIn(a.tx, h, h)
	if err != nil {
		return err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].place.Tree != wire.TxTreeRegular {
			continue
		}
		if err := revoke(a.tx, list[i]); err != nil {
			return err
		}
	}
	if err := a.tx.Bucket(disapprovedBucket).Put(key32(uint32(h)), []byte{}); err != nil {
		return err
	}
	return a.release(slices.DeleteFunc(list, func(m *mined) bool { return m.place.Tree != wire.TxTreeRegular }))
}

// approve undoes disapprove.
func (a *application) approve(s *snapshot, h consensus.Height) error {
	if err := a.tx.Bucket(disapprovedBucket).Delete(key32(uint32(h))); err != nil {
		return err
	}
	list, err := minedIn(a.tx, h, h)
	if err != nil {
		return err
	}
	owner := a.w.ownerAt(s, h)
	for _, m := range list {
		if m.place.Tree != wire.TxTreeRegular {
			continue
		}
		e := examine(m.tx, kindAt(m.place, m.tx), owner)
		if err := record(a.tx, m.place, &m.hash, &e); err != nil {
			return err
		}
		if err := a.resolve(m.hash, m.tx); err != nil {
			return err
		}
		a.minedAgain = append(a.minedAgain, m.hash)
	}
	return nil
}

// rollback takes back all blocks above one that the wallet remembers, in this
// transaction of the file. Where they may hold many transactions, see takePart.
func (a *application) rollback(s *snapshot, to consensus.BlockID) error {
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
func (a *application) takeBack(s *snapshot, to consensus.BlockID) ([]*mined, error) {
	taken, err := minedIn(a.tx, to.Height+1, consensus.Never)
	if err != nil {
		return nil, err
	}
	if err := a.leave(s, to, taken); err != nil {
		return nil, err
	}
	for i := len(taken) - 1; i >= 0; i-- {
		m := taken[i]
		if !void(a.tx, m.place) {
			if err := revoke(a.tx, m); err != nil {
				return nil, err
			}
		}
		if err := deleteMined(a.tx, m); err != nil {
			return nil, err
		}
	}
	s.forget(to)
	return taken, nil
}

// reapprove drops the disapprovals by blocks above a height.
func (a *application) reapprove(s *snapshot, h consensus.Height) error {
	c := a.tx.Bucket(disapprovedBucket).Cursor()
	var void []consensus.Height
	for k, _ := c.Seek(key32(uint32(h))); len(k) == 4; k, _ = c.Next() {
		void = append(void, consensus.Height(binary.BigEndian.Uint32(k)))
	}
	for _, v := range void {
		if err := a.approve(s, v); err != nil {
			return err
		}
	}
	return nil
}

// forget drops the blocks above one.
func (s *snapshot) forget(to consensus.BlockID) {
	for i, b := range s.blocks {
		if b.Height > to.Height {
			s.blocks = s.blocks[:i:i]
			break
		}
	}
	s.tip = to
	if s.cursor.Height > to.Height {
		s.cursor = to
	}
	if s.common.Height > to.Height {
		s.common = to
	}
}

// prevOuts returns what the inputs of a transaction spend, without the tree.
func prevOuts(tx *wire.MsgTx) []wire.OutPoint {
	ops := make([]wire.OutPoint, 0, len(tx.TxIn))
	for _, in := range tx.TxIn {
		if in.PreviousOutPoint.Hash != (chainhash.Hash{}) {
			ops = append(ops, bare(in.PreviousOutPoint))
		}
	}
	return ops
}

// bare returns an outpoint without its tree, as it is stored.
func bare(op wire.OutPoint) wire.OutPoint { return wire.OutPoint{Hash: op.Hash, Index: op.Index} }
