package apply

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// What one transaction of the file takes back, or forgets, at most: as many rows of the
// mined bucket, or bytes of them, and the rest of the block that is reached with them. A
// reorganisation or a canceled rescan that is larger goes by steps. Each leaves the
// wallet as it was at a block, or as a rescan from a later block would have left it: so
// memory does not grow with it, and a start after a crash goes on from there.
const (
	MaxStepRows = 2000
	stepBytes   = 4 << 20
)

// halfway returns the block above one at which a step of a rollback ends, if the rollback
// takes several. It is of the tip's chain: while that is not known of the cursor, above
// it. A disapproved block is none: its transactions would count for a moment.
func (a *application) halfway(s *state.Snapshot, to consensus.BlockID) (mid remembered.Block, ok bool, err error) {
	lowest := to.Height
	if !s.Sure() {
		lowest = max(lowest, s.Cursor.Height)
	}
	c := a.tx.Bucket(ledger.MinedBucket).Cursor()
	rows, bytes, at := 0, 0, consensus.Never
	for k, v := c.Last(); len(k) == txn.PlaceSize; k, v = c.Prev() {
		h := consensus.Height(binary.BigEndian.Uint32(k))
		if h <= lowest {
			break
		}
		if h != at && (rows >= a.stepRows || bytes >= stepBytes) && !ledger.IsDisapproved(a.tx, h) {
			m, err := ledger.DecodeMinedHead(k, v)
			if err != nil {
				return remembered.Block{}, false, err
			}
			return remembered.Block{BlockID: consensus.BlockID{Height: h, Hash: m.Block}, Time: m.Time}, true, nil
		}
		at = h
		rows++
		bytes += len(v)
	}
	return remembered.Block{}, false, nil
}

// takePart takes back the blocks above one that halfway has returned. Fork is the highest
// block of the wallet's chain that is known to be on the new one too.
func (a *application) takePart(s *state.Snapshot, fork consensus.BlockID, mid remembered.Block) error {
	s.RememberAlso(mid)
	if err := s.LeaveBranch(a.tx, fork, mid.BlockID); err != nil {
		return err
	}
	a.more, a.passed = true, mid.BlockID
	taken, err := a.takeBack(s, mid.BlockID)
	if err != nil {
		return err
	}
	return a.putTaken(taken)
}

// putTaken stores what is to be released with the last step.
func (a *application) putTaken(taken []*ledger.Mined) error {
	b, err := a.tx.CreateBucketIfNotExists(state.ReleasingBucket)
	if err != nil {
		return err
	}
	b.FillPercent = ledger.Appended
	for _, m := range taken {
		v, err := m.Encode()
		if err != nil {
			return fmt.Errorf("serialize transaction %s: %w", m.Hash, err)
		}
		if err := b.Put(txn.PlaceKey(m.Place), v); err != nil {
			return err
		}
	}
	return nil
}

// releaseTaken releases what a rollback has taken back: in the last step, and before that
// in the others, which were above it.
func (a *application) releaseTaken(taken []*ledger.Mined) error {
	lost := make(map[chainhash.Hash]bool)
	if err := a.releaseEach(lost, taken); err != nil {
		return err
	}
	b := a.tx.Bucket(state.ReleasingBucket)
	if b == nil {
		return nil
	}
	err := rows.Each(b, func(k, v []byte) error {
		m, err := ledger.DecodeMined(k, v)
		if err != nil {
			return err
		}
		return a.releaseEach(lost, []*ledger.Mined{m})
	})
	return cmp.Or(err, a.tx.DeleteBucket(state.ReleasingBucket))
}

// leaveBooks takes back the blocks of the books from the one on that an update contradicts, or a
// part of them. Those below may be of either branch: the search that goes on finds out. So what
// spends a block reward of theirs stays unmined.
func (a *application) leaveBooks(s *state.Snapshot) (*state.Snapshot, error) {
	next := s.WithAccounts()
	to, err := a.below(s, a.left)
	if err != nil {
		return nil, err
	}
	mid, more, err := a.halfway(s, to.BlockID)
	if err != nil {
		return nil, err
	}
	if more {
		return next, a.takePart(next, s.Common, mid)
	}
	next.RememberAlso(to)
	if err := next.LeaveBranch(a.tx, s.Common, to.BlockID); err != nil {
		return nil, err
	}
	return next, a.rollback(next, to.BlockID)
}

// below returns the highest block below a height, at or above the common one, that is known: that
// is remembered, or has transactions of the wallet. It is none that a block disapproves of which
// is not known itself: its transactions would count for a moment.
func (a *application) below(s *state.Snapshot, h consensus.Height) (remembered.Block, error) {
	for to := remembered.Below(s.Blocks, h-1); ; to = remembered.Below(s.Blocks, h-1) {
		c := a.tx.Bucket(ledger.MinedBucket).Cursor()
		c.Seek(rows.Key(uint32(h)))
		if k, v := c.Prev(); len(k) == txn.PlaceSize {
			m, err := ledger.DecodeMinedHead(k, v)
			if err != nil {
				return to, err
			}
			if m.Place.Height > to.Height {
				to = remembered.Block{BlockID: consensus.BlockID{Height: m.Place.Height, Hash: m.Block}, Time: m.Time}
			}
		}
		if to.Height <= s.Common.Height {
			return remembered.Below(s.Blocks, s.Common.Height), nil
		}
		if to.Height+1 == a.left || !ledger.IsDisapproved(a.tx, to.Height) {
			return to, nil
		}
		h = to.Height
	}
}

// goesOn reports whether an application has taken back a part of what it has to, and is to
// be run again. The update then starts at the block that this went back to, if that is
// below its start.
func (a *application) goesOn() bool {
	if !a.more {
		return false
	}
	if r := a.u.Reverted; len(r) > 0 && a.passed.Height < r[0].Height {
		below := slices.Clone(r)
		below = slices.DeleteFunc(below, func(id consensus.BlockID) bool {
			return id.Height >= a.passed.Height
		})
		u := *a.u
		u.Reverted = append([]consensus.BlockID{a.passed}, below...)
		a.u = &u
	}
	a.more, a.again = false, true
	return true
}

// leave remembers the blocks above one, which are taken back, and their transactions.
func (a *application) leave(s *state.Snapshot, to consensus.BlockID, taken []*ledger.Mined) error {
	parent := remembered.Below(s.Blocks, to.Height).BlockID
	for _, b := range s.Blocks {
		if b.Height <= to.Height {
			continue
		}
		l := ledger.Left{BlockID: b.BlockID, Parent: parent, Disapproves: ledger.IsDisapproved(a.tx, b.Height-1)}
		if err := a.tx.Bucket(ledger.LeftBucket).Put(l.Key(), l.Encode()); err != nil {
			return err
		}
		parent = b.BlockID
	}
	for _, m := range taken {
		v, err := m.Encode()
		if err != nil {
			return fmt.Errorf("serialize transaction %s: %w", m.Hash, err)
		}
		if err := a.tx.Bucket(ledger.TakenBucket).Put(m.TakenKey(), v); err != nil {
			return err
		}
	}
	oldest := rows.Key(uint32(max(0, s.Tip.Height-ledger.LeftBlocks+1)))
	return errors.Join(ledger.DeleteBelow(a.tx.Bucket(ledger.LeftBucket), oldest), ledger.DeleteBelow(a.tx.Bucket(ledger.TakenBucket), oldest))
}

// rejoin forgets that a block was taken back, which is applied now.
func (a *application) rejoin(id consensus.BlockID) error {
	b, key := a.tx.Bucket(ledger.LeftBucket), rows.AppendBlockID(nil, id)
	if !rows.Has(b, key) {
		return nil
	}
	if err := b.Delete(key); err != nil {
		return err
	}
	var keys [][]byte
	taken := a.tx.Bucket(ledger.TakenBucket)
	c := taken.Cursor()
	height := key[:4]
	for k, _ := c.Seek(height); bytes.HasPrefix(k, height); k, _ = c.Next() {
		if bytes.HasSuffix(k, id.Hash[:]) {
			keys = append(keys, bytes.Clone(k))
		}
	}
	for _, k := range keys {
		if err := taken.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
