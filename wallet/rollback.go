package wallet

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// What one transaction of the file takes back, or forgets, at most: as many rows of the
// mined bucket, or bytes of them, and the rest of the block that is reached with them. A
// reorganisation or a canceled rescan that is larger goes by steps. Each leaves the
// wallet as it was at a block, or as a rescan from a later block would have left it: so
// memory does not grow with it, and a start after a crash goes on from there.
const (
	stepRows  = 2000
	stepBytes = 4 << 20
)

// halfway returns the block above one at which a step of a rollback ends, if the rollback
// takes several. It is of the tip's chain: while that is not known of the cursor, above
// it. A disapproved block is none: its transactions would count for a moment.
func (a *application) halfway(s *snapshot, to consensus.BlockID) (mid block, ok bool, err error) {
	lowest := to.Height
	if !s.sure() {
		lowest = max(lowest, s.cursor.Height)
	}
	c := a.tx.Bucket(minedBucket).Cursor()
	rows, bytes, at := 0, 0, consensus.Never
	for k, v := c.Last(); len(k) == placeSize; k, v = c.Prev() {
		h := consensus.Height(binary.BigEndian.Uint32(k))
		if h <= lowest {
			break
		}
		if h != at && (rows >= a.w.cfg.stepRows || bytes >= stepBytes) && !isDisapproved(a.tx, h) {
			m, err := decodeMinedHead(k, v)
			if err != nil {
				return block{}, false, err
			}
			return block{consensus.BlockID{Height: h, Hash: m.block}, m.time}, true, nil
		}
		at = h
		rows++
		bytes += len(v)
	}
	return block{}, false, nil
}

// takePart takes back the blocks above one that halfway has returned. Fork is the highest
// block of the wallet's chain that is known to be on the new one too.
func (a *application) takePart(s *snapshot, fork consensus.BlockID, mid block) error {
	s.rememberAlso(mid)
	s.leaveBranch(fork, mid.BlockID)
	a.more, a.passed = true, mid.BlockID
	taken, err := a.takeBack(s, mid.BlockID)
	if err != nil {
		return err
	}
	return a.putTaken(taken)
}

// The releasing bucket, which is there between the steps of a rollback: what these have
// taken back, and the last one releases. Keys are places, values those of the mined bucket.
var releasingBucket = []byte("releasing")

// putTaken stores what is to be released with the last step.
func (a *application) putTaken(taken []*mined) error {
	b, err := a.tx.CreateBucketIfNotExists(releasingBucket)
	if err != nil {
		return err
	}
	b.FillPercent = appended
	for _, m := range taken {
		v, err := m.encode()
		if err != nil {
			return fmt.Errorf("serialize transaction %s: %w", m.hash, err)
		}
		if err := b.Put(m.place.key(), v); err != nil {
			return err
		}
	}
	return nil
}

// releaseTaken releases what a rollback has taken back: in the last step, and before that
// in the others, which were above it.
func (a *application) releaseTaken(taken []*mined) error {
	lost := make(map[chainhash.Hash]bool)
	if err := a.releaseEach(lost, taken); err != nil {
		return err
	}
	b := a.tx.Bucket(releasingBucket)
	if b == nil {
		return nil
	}
	err := all(b, func(k, v []byte) error {
		m, err := decodeMined(k, v)
		if err != nil {
			return err
		}
		return a.releaseEach(lost, []*mined{m})
	})
	return cmpOr(err, a.tx.DeleteBucket(releasingBucket))
}

// leaveBooks takes back all above the common block, or a part of it, because the books
// were found to be of another branch than an update.
func (a *application) leaveBooks(s *snapshot) (*snapshot, error) {
	next := s.withAccounts()
	mid, more, err := a.halfway(s, s.common)
	if err != nil {
		return nil, err
	}
	if more {
		return next, a.takePart(next, s.common, mid)
	}
	next.leaveBranch(s.common, s.common)
	return next, a.rollback(next, s.common)
}

// rememberAlso adds a block of the tip's chain to those remembered.
func (s *snapshot) rememberAlso(b block) {
	if _, known := blockAt(s.blocks, b.Height); !known {
		i := slices.Index(s.blocks, blockBelow(s.blocks, b.Height)) + 1
		s.blocks = slices.Insert(slices.Clone(s.blocks), i, b)
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
