package state

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// BirthdayMargin is how far before a birthday's date a block is already taken
// to be in its range: miners' clocks, wallets' clocks and time zones differ.
const BirthdayMargin = 24 * time.Hour

// Unborn is the birthday height of what is born in a block not yet seen.
const Unborn = consensus.Never

// Birthday is where the search for payments to an account or address begins: at
// a height, at a date if Time is not zero, or after a block if the hash of After
// is not zero. Earlier blocks are never fetched, and what they pay does not count.
//
// A height is meant as it is. A date is the first block of the chain not older
// than a day before it, or, if the wallet had passed that block when the date was
// given, up to sparseBlocks before it; when that block leaves the chain, it is
// the first such block of the other branch. A wallet made now has the date of
// now. After is the newest block at the time of an import of which only new
// blocks count; when that block leaves the chain, the birthday is the block after
// the fork. A wallet that had not come to that block then notices once the chain is as
// high again, and takes for the fork the block that it stood at, if that is lower.
type Birthday struct {
	Height consensus.Height
	Time   time.Time
	After  consensus.BlockID
}

// Validate refuses values that the stored form cannot hold.
func (b Birthday) Validate() error {
	if b.Height < 0 || b.After.Height < 0 {
		return fmt.Errorf("birthday height %d is negative", min(b.Height, b.After.Height))
	}
	if !b.Time.IsZero() && (b.Time.Unix() <= 0 || b.Time.Unix() > math.MaxUint32) {
		return fmt.Errorf("birthday %s is out of the range of block times", b.Time.UTC().Format(time.DateOnly))
	}
	return nil
}

// String returns the birthday as a user wrote it.
func (b Birthday) String() string {
	switch {
	case b.After.Hash != chainhash.Hash{}:
		return fmt.Sprint(b.After.Height + 1)
	case b.Time.IsZero():
		return fmt.Sprint(b.Height)
	}
	return b.Time.UTC().Format(time.DateOnly)
}

// Born is the birthday of an account or script as it is kept: the earliest of up
// to three, because an address may have been asked for in several ways.
type Born struct {
	Height consensus.Height // unborn for none
	Date   uint32           // Unix seconds, zero for none; see Dated
	After  uint32           // the number of an anchor, zero for none
}

// AtHeight returns what is born at a height.
func AtHeight(h consensus.Height) Born { return Born{Height: h} }

// Anchor is a block after which something is born.
type Anchor struct {
	consensus.BlockID

	// base is the highest block known to be below both the anchor and the wallet's
	// tip. It is the anchor's height as soon as the wallet has applied the anchor.
	//
	// A number that is free for another anchor has the zero value.
	base consensus.Height
}

// Dated is a date and the first block of the wallet's chain that it includes.
type Dated struct {
	Date  uint32 // Unix seconds
	First consensus.Height
}

// BornAt returns the first height that a birthday includes, or unborn while that is
// not known.
func (s *Snapshot) BornAt(b Born) consensus.Height {
	h := b.Height
	if b.After != 0 {
		h = min(h, s.Anchors[b.After-1].Height+1)
	}
	if b.Date != 0 {
		h = min(h, s.DateAt(b.Date))
	}
	return h
}

// DateAt returns the first height that a date includes, or unborn.
func (s *Snapshot) DateAt(date uint32) consensus.Height {
	for _, d := range s.Dates {
		if d.Date == date {
			return d.First
		}
	}
	return Unborn
}

// earliest returns the birthday that includes all that two of them include.
func (s *Snapshot) earliest(a, b Born) Born {
	a.Height = min(a.Height, b.Height)
	if a.After == 0 || b.After != 0 && s.Anchors[b.After-1].Height < s.Anchors[a.After-1].Height {
		a.After = b.After
	}
	if a.Date == 0 || b.Date != 0 && b.Date < a.Date {
		a.Date = b.Date
	}
	if a.Height == 0 {
		return AtHeight(0)
	}
	return a
}

// Public returns a birthday as users see it: a height, or a date that no block has
// reached.
func (s *Snapshot) Public(b Born) Birthday {
	if h := s.BornAt(b); h != Unborn || b.Date == 0 {
		return Birthday{Height: h}
	}
	return Birthday{Time: time.Unix(int64(b.Date), 0)}
}

// keep returns a birthday as it is kept. The snapshot must be one that may be
// changed: its dates and anchors grow.
func (s *Snapshot) keep(d Birthday) Born {
	switch {
	case d.After.Hash != chainhash.Hash{}:
		return s.KeepAfter(d.After)
	case d.Time.IsZero():
		return AtHeight(d.Height)
	}
	b := Born{Height: Unborn, Date: uint32(d.Time.Unix())}
	if s.DateAt(b.Date) == Unborn {
		s.SetDate(b.Date, s.FirstSince(b.Date))
	}
	return b
}

// FirstSince returns a height at or below the first one that a date includes, by
// the remembered blocks, or unborn if they do not reach it.
func (s *Snapshot) FirstSince(date uint32) consensus.Height {
	after := consensus.Height(-1)
	for _, b := range s.Blocks {
		if includes(date, b.Time) {
			return after + 1
		}
		after = b.Height
	}
	return Unborn
}

// FirstAsSaid returns the first height that a date includes according to another wallet of the
// chain, unborn if it does not know. Where remembered blocks below that are included, it was of
// another branch, and the result is that of FirstSince.
func (s *Snapshot) FirstAsSaid(date uint32, said consensus.Height) consensus.Height {
	if said == Unborn {
		return s.FirstSince(date)
	}
	for _, b := range s.Blocks {
		if b.Height < said && includes(date, b.Time) {
			return s.FirstSince(date)
		}
	}
	return said
}

// includes reports whether a block of a time is in the range of a date, both in
// Unix seconds.
func includes(date, blockTime uint32) bool {
	return int64(blockTime) >= int64(date)-int64(BirthdayMargin/time.Second)
}

// SetDate notes where a date begins.
func (s *Snapshot) SetDate(date uint32, first consensus.Height) {
	next := make([]Dated, 0, len(s.Dates)+1)
	for _, d := range s.Dates {
		if d.Date != date {
			next = append(next, d)
		}
	}
	s.Dates = append(next, Dated{date, first})
}

// KeepAfter returns the birthday of what is born after a block.
func (s *Snapshot) KeepAfter(id consensus.BlockID) Born {
	a := Anchor{BlockID: id, base: min(id.Height, s.Tip.Height)}
	switch b, ok := BlockAt(s.Blocks, id.Height); {
	case ok && b.Hash != id.Hash: // the wallet is on another branch
		a.base = max(0, id.Height-DenseBlocks)
	case !ok && id.Height < s.Tip.Height:
		return AtHeight(id.Height + 1) // too far below the tip to leave the chain
	}
	for i, known := range s.Anchors {
		if known == a {
			return Born{Height: Unborn, After: uint32(i) + 1}
		}
	}
	if free := slices.Index(s.Anchors, Anchor{}); free >= 0 {
		s.setAnchor(free, a)
		return Born{Height: Unborn, After: uint32(free) + 1}
	}
	s.Anchors = append(s.Anchors[:len(s.Anchors):len(s.Anchors)], a)
	return Born{Height: Unborn, After: uint32(len(s.Anchors))}
}

// LeavesFinal reports whether the chain, which leads over the fork to another branch than
// the wallet's, has left blocks that were taken to be final.
func (s *Snapshot) LeavesFinal(fork consensus.Height) bool {
	return fork < s.Tip.Height-FinalAfter
}

// LeaveBranch makes the birthdays follow the chain, which leads over the fork to another
// branch than the wallet's. The wallet goes back to a block at or below the fork. Where
// blocks are left that were taken to be final, all that is born at a height above the fork
// is born after the fork: the anchors that would tell are dropped. Scripts and lowered
// birthdays are stored then; the rest is with the snapshot.
func (s *Snapshot) LeaveBranch(tx *bolt.Tx, fork, to consensus.BlockID) error {
	if s.LeavesFinal(fork.Height) {
		err := s.changeBirths(tx, func(b *Born) bool {
			if b.Height <= fork.Height+1 || b.Height == Unborn {
				return false
			}
			b.Height = fork.Height + 1
			return true
		})
		if err != nil {
			return err
		}
	}
	for i, a := range s.Anchors {
		applied := a.base == a.Height
		if a.base <= to.Height {
			continue
		}
		if a.base = to.Height; applied && a.Height > fork.Height {
			a.BlockID, a.base = fork, min(fork.Height, to.Height)
		}
		s.setAnchor(i, a)
	}
	for _, d := range s.Dates {
		if d.First > to.Height && d.First != Unborn {
			s.SetDate(d.Date, Unborn)
		}
	}
	return nil
}

func (s *Snapshot) setAnchor(i int, a Anchor) {
	s.Anchors = append([]Anchor(nil), s.Anchors...)
	s.Anchors[i] = a
}

// Arrive compares a new block of the chain with the anchors that the wallet has not found
// on its chain yet: those of the block's height, and those below that were on another
// branch when they were given. It returns the height from which on blocks may hold
// payments that were not looked for, or unborn: the chain has left such an anchor's branch,
// which the wallet has never seen.
func (s *Snapshot) Arrive(b *chain.Block) (missed consensus.Height) {
	missed = Unborn
	for i, a := range s.Anchors {
		if a.Height > b.Height || a.base == a.Height {
			continue
		}
		same := a.Hash == b.Hash
		if a.Height < b.Height {
			below, ok := BlockAt(s.Blocks, a.Height)
			same = ok && below.Hash == a.Hash
		}
		if same {
			a.base = a.Height
		} else {
			fork := s.forkBelow(a)
			a.BlockID, a.base = fork.BlockID, fork.Height
			missed = min(missed, a.Height+1)
		}
		s.setAnchor(i, a)
	}
	return missed
}

// forkBelow returns what the wallet takes for the fork where the chain has left the block of an
// anchor that the wallet has not come to: a block at or below the fork.
func (s *Snapshot) forkBelow(a Anchor) Block {
	return BlockBelow(s.Blocks, max(a.base, a.Height-DenseBlocks))
}

// ReachDates makes heights of the dates that blocks of the chain above a height are the
// first to reach.
func (s *Snapshot) ReachDates(blocks []chain.Block, above consensus.Height) {
	for _, d := range s.Dates {
		for i := range blocks {
			b := &blocks[i]
			if d.First == Unborn && b.Height > above && includes(d.Date, uint32(b.Header.Timestamp())) {
				s.SetDate(d.Date, b.Height)
				break
			}
		}
	}
}
