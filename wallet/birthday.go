package wallet

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// birthdayMargin is how far before a birthday's date a block is already taken
// to be in its range: miners' clocks, wallets' clocks and time zones differ.
const birthdayMargin = 24 * time.Hour

// unborn is the birthday height of what is born in a block not yet seen.
const unborn = consensus.Never

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

// NewBorn is the text for the birthday of what has never been used.
const NewBorn = "new"

// farthestZone is how far ahead of local time a day has begun somewhere.
const farthestZone = 24 * time.Hour

// ParseBirthday returns the birthday that a text names at a time: a height, a
// date like 2024-01-31, or NewBorn, which is now. The errors are ErrBadBirthday
// and ErrFutureBirthday; they do not repeat the text, which may be a key.
func ParseBirthday(text string, now time.Time) (Birthday, error) {
	if text == NewBorn {
		return Birthday{Time: now}, nil
	}
	if height, err := strconv.ParseUint(text, 10, 31); err == nil {
		return Birthday{Height: consensus.Height(height)}, nil
	}
	date, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil:
		return Birthday{}, ErrBadBirthday
	case date.After(now.Add(farthestZone)):
		return Birthday{}, ErrFutureBirthday
	}
	return Birthday{Time: date}, nil
}

// checkTip returns ErrBirthdayAboveTip for the height of a block that is not the
// next one after the tip or below it.
func checkTip(b Birthday, tip consensus.Height) error {
	if tip != consensus.Never && b.Height > tip+1 {
		return fmt.Errorf("%w, which is %d; give new for what was never used", ErrBirthdayAboveTip, tip)
	}
	return nil
}

// validate refuses values that the stored form cannot hold.
func (b Birthday) validate() error {
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

// born is the birthday of an account or script as it is kept: the earliest of up
// to three, because an address may have been asked for in several ways.
type born struct {
	height consensus.Height // unborn for none
	date   uint32           // Unix seconds, zero for none; see dated
	after  uint32           // the number of an anchor, zero for none
}

// atHeight returns what is born at a height.
func atHeight(h consensus.Height) born { return born{height: h} }

// anchor is a block after which something is born.
type anchor struct {
	consensus.BlockID

	// base is the highest block known to be below both the anchor and the wallet's
	// tip. It is the anchor's height as soon as the wallet has applied the anchor.
	//
	// A number that is free for another anchor has the zero value.
	base consensus.Height
}

// dated is a date and the first block of the wallet's chain that it includes.
type dated struct {
	date  uint32 // Unix seconds
	first consensus.Height
}

// bornAt returns the first height that a birthday includes, or unborn while that is
// not known.
func (s *snapshot) bornAt(b born) consensus.Height {
	h := b.height
	if b.after != 0 {
		h = min(h, s.anchors[b.after-1].Height+1)
	}
	if b.date != 0 {
		h = min(h, s.dateAt(b.date))
	}
	return h
}

// dateAt returns the first height that a date includes, or unborn.
func (s *snapshot) dateAt(date uint32) consensus.Height {
	for _, d := range s.dates {
		if d.date == date {
			return d.first
		}
	}
	return unborn
}

// earliest returns the birthday that includes all that two of them include.
func (s *snapshot) earliest(a, b born) born {
	a.height = min(a.height, b.height)
	if a.after == 0 || b.after != 0 && s.anchors[b.after-1].Height < s.anchors[a.after-1].Height {
		a.after = b.after
	}
	if a.date == 0 || b.date != 0 && b.date < a.date {
		a.date = b.date
	}
	if a.height == 0 {
		return atHeight(0)
	}
	return a
}

// public returns a birthday as users see it: a height, or a date that no block has
// reached.
func (s *snapshot) public(b born) Birthday {
	if h := s.bornAt(b); h != unborn || b.date == 0 {
		return Birthday{Height: h}
	}
	return Birthday{Time: time.Unix(int64(b.date), 0)}
}

// keep returns a birthday as it is kept. The snapshot must be one that may be
// changed: its dates and anchors grow.
func (s *snapshot) keep(d Birthday) born {
	switch {
	case d.After.Hash != chainhash.Hash{}:
		return s.keepAfter(d.After)
	case d.Time.IsZero():
		return atHeight(d.Height)
	}
	b := born{height: unborn, date: uint32(d.Time.Unix())}
	if s.dateAt(b.date) == unborn {
		s.setDate(b.date, s.firstSince(b.date))
	}
	return b
}

// firstSince returns a height at or below the first one that a date includes, by
// the remembered blocks, or unborn if they do not reach it.
func (s *snapshot) firstSince(date uint32) consensus.Height {
	after := consensus.Height(-1)
	for _, b := range s.blocks {
		if includes(date, b.time) {
			return after + 1
		}
		after = b.Height
	}
	return unborn
}

// includes reports whether a block of a time is in the range of a date, both in
// Unix seconds.
func includes(date, blockTime uint32) bool {
	return int64(blockTime) >= int64(date)-int64(birthdayMargin/time.Second)
}

// setDate notes where a date begins.
func (s *snapshot) setDate(date uint32, first consensus.Height) {
	next := make([]dated, 0, len(s.dates)+1)
	for _, d := range s.dates {
		if d.date != date {
			next = append(next, d)
		}
	}
	s.dates = append(next, dated{date, first})
}

// keepAfter returns the birthday of what is born after a block.
func (s *snapshot) keepAfter(id consensus.BlockID) born {
	a := anchor{BlockID: id, base: min(id.Height, s.tip.Height)}
	switch b, ok := blockAt(s.blocks, id.Height); {
	case ok && b.Hash != id.Hash: // the wallet is on another branch
		a.base = max(0, id.Height-denseBlocks)
	case !ok && id.Height < s.tip.Height:
		return atHeight(id.Height + 1) // too far below the tip to leave the chain
	}
	for i, known := range s.anchors {
		if known == a {
			return born{height: unborn, after: uint32(i) + 1}
		}
	}
	if free := slices.Index(s.anchors, anchor{}); free >= 0 {
		s.setAnchor(free, a)
		return born{height: unborn, after: uint32(free) + 1}
	}
	s.anchors = append(s.anchors[:len(s.anchors):len(s.anchors)], a)
	return born{height: unborn, after: uint32(len(s.anchors))}
}

// leaveBranch makes the dates and anchors follow the chain, which leads over the fork to
// another branch than the wallet's. The wallet goes back to a block at or below the fork.
func (s *snapshot) leaveBranch(fork, to consensus.BlockID) {
	for i, a := range s.anchors {
		applied := a.base == a.Height
		if a.base <= to.Height {
			continue
		}
		if a.base = to.Height; applied && a.Height > fork.Height {
			a.BlockID, a.base = fork, min(fork.Height, to.Height)
		}
		s.setAnchor(i, a)
	}
	for _, d := range s.dates {
		if d.first > to.Height && d.first != unborn {
			s.setDate(d.date, unborn)
		}
	}
}

func (s *snapshot) setAnchor(i int, a anchor) {
	s.anchors = append([]anchor(nil), s.anchors...)
	s.anchors[i] = a
}

// arrive compares a new block of the chain with the anchors that the wallet has not found
// on its chain yet: those of the block's height, and those below that were on another
// branch when they were given. It returns the height from which on blocks may hold
// payments that were not looked for, or unborn: the chain has left such an anchor's branch,
// which the wallet has never seen.
func (s *snapshot) arrive(b *chain.Block) (missed consensus.Height) {
	missed = unborn
	for i, a := range s.anchors {
		if a.Height > b.Height || a.base == a.Height {
			continue
		}
		same := a.Hash == b.Hash
		if a.Height < b.Height {
			below, ok := blockAt(s.blocks, a.Height)
			same = ok && below.Hash == a.Hash
		}
		if same {
			a.base = a.Height
		} else {
			fork := blockBelow(s.blocks, max(a.base, a.Height-denseBlocks))
			a.BlockID, a.base = fork.BlockID, fork.Height
			missed = min(missed, a.Height+1)
		}
		s.setAnchor(i, a)
	}
	return missed
}

// reachDates makes heights of the dates that blocks of the chain above a height are the
// first to reach.
func (s *snapshot) reachDates(blocks []chain.Block, above consensus.Height) {
	for _, d := range s.dates {
		for i := range blocks {
			b := &blocks[i]
			if d.first == unborn && b.Height > above && includes(d.date, uint32(b.Header.Timestamp())) {
				s.setDate(d.date, b.Height)
				break
			}
		}
	}
}
