package state

import (
	"slices"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Needed returns the first script that the blocks of an update have to be
// matched against: those that new blocks concern if some are new, above the tip or
// because the wallet's chain was left.
func (s *Snapshot) Needed(from consensus.BlockID, left bool, u *chain.Update) uint32 {
	switch {
	case len(u.Applied) == 0:
		return NoScripts
	case left || s.isNew(from, u):
		return s.concerned(u.Applied[len(u.Applied)-1].Height)
	}
	return s.Searched(from.Height, u.Applied[len(u.Applied)-1].Height)
}

// isNew reports whether blocks of an update from a block on are new to the wallet, whose chain
// they are on.
func (s *Snapshot) isNew(from consensus.BlockID, u *chain.Update) bool {
	return from == s.Tip || u.Applied[len(u.Applied)-1].Height > s.Tip.Height
}

// FirstNeeded returns the lowest height of a block that has to be matched, of an update from a
// block on for which Needed has returned a script.
func (s *Snapshot) FirstNeeded(first uint32, from consensus.BlockID, u *chain.Update) consensus.Height {
	born := s.firstBirth(first, s.Count())
	if s.isNew(from, u) {
		return min(born, s.Waiting)
	}
	return born
}

// Searched returns the first script that old blocks above a height, up to a last one, have to be
// searched for: none as long as no script that is searched for is born.
func (s *Snapshot) Searched(above, last consensus.Height) uint32 {
	first := s.Unsearched(s.Scanning, above)
	for n := first; n < s.Count(); n++ {
		if s.Birth(n) <= last {
			return first
		}
	}
	return NoScripts
}

// ResolveFresh records that scripts which are not born in the block below the blocks of a step
// need no search of their own: these blocks have been matched against them. Scripts is how many
// there were when the step began.
func (s *Snapshot) ResolveFresh(below consensus.Height, scripts uint32) {
	for n := min(scripts, s.Count()); s.Fresh < n && s.Birth(s.Fresh) > below; {
		s.Fresh++
	}
}

// Forget drops the blocks above one.
func (s *Snapshot) Forget(to consensus.BlockID) {
	for i, b := range s.Blocks {
		if b.Height > to.Height {
			s.Blocks = s.Blocks[:i:i]
			break
		}
	}
	s.Tip = to
	if s.Cursor.Height > to.Height {
		s.Cursor = to
	}
	if s.Common.Height > to.Height {
		s.Common = to
	}
}

// RepairFrom returns the highest height from which a rescan searches all that the wallet
// has searched.
func (s *Snapshot) RepairFrom() consensus.Height {
	return min(max(1, s.firstBirth(0, s.Count())), s.Tip.Height)
}

// Remembers reports whether the block of a mined transaction may be the one that is
// remembered at its height.
func (s *Snapshot) Remembers(m *ledger.Mined) bool {
	b, ok := remembered.At(s.Blocks, m.Place.Height)
	return !ok || b.Hash == m.Block && b.Time == m.Time
}

// LastSearched returns the height with so many confirmations, but none above the last
// block that was searched for everything.
func (s *Snapshot) LastSearched(confs int64) consensus.Height {
	return max(0, min(s.Cursor.Height, s.Tip.Height-consensus.Height(min(max(confs, 1)-1, int64(s.Tip.Height)))))
}

// everyone and none are the first script of steps that concern all scripts, and
// no script.
const (
	AllScripts uint32 = 0
	NoScripts         = txn.NoScript
)

func (s *Snapshot) Scanned() consensus.BlockID {
	if s.Scan() {
		return consensus.BlockID{Height: s.Cursor.Height}
	}
	return s.Cursor
}

// Sure reports whether the cursor is known to be below the tip.
func (s *Snapshot) Sure() bool { return s.Cursor.Height <= s.Common.Height }

// MoveCursor moves the cursor to a remembered block. Where it was is forgotten
// unless that is known to be below the tip: what is remembered besides the
// cursor is of the tip's chain.
func (s *Snapshot) MoveCursor(to consensus.BlockID) {
	if was := s.Cursor; was != to && s.Scan() && !s.Sure() {
		s.Blocks = slices.DeleteFunc(slices.Clone(s.Blocks), func(b remembered.Block) bool { return b.BlockID == was })
	}
	s.Cursor = to
}

// Locate returns a locator from the tip or the cursor on. The cursor may be on
// the chain as it is now, and the tip on one that was left: then it is no block
// below the tip.
func (s *Snapshot) Locate(from consensus.BlockID) []consensus.BlockID {
	ids := remembered.Locate(s.Blocks, from.Height)
	if from == s.Cursor || s.Sure() {
		return ids
	}
	return slices.DeleteFunc(ids, func(id consensus.BlockID) bool { return id == s.Cursor })
}

// SearchedFor returns the last block of those from a height on that were searched for
// a script, or the zero value.
func (s *Snapshot) SearchedFor(n uint32, from consensus.Height) consensus.BlockID {
	switch {
	case n >= s.Fresh || s.Birth(n) > from:
		return consensus.BlockID{}
	case s.Scan() && n >= s.Scanning:
		return s.Common
	}
	return s.Tip
}

// Lower returns the lower one of two blocks.
func Lower(a, b consensus.BlockID) consensus.BlockID {
	if b.Height < a.Height {
		return b
	}
	return a
}
