package state

import (
	"slices"

	"github.com/spvd/spvd/spv/consensus"
)

// scannedRange says that the scripts with numbers in [first, end) came to be watched
// while the blocks above a height were applied: all blocks above it, up to the tip,
// have been matched against them. It is not stored, so that a search that goes on
// after a restart looks for them in these blocks as well.
type scannedRange struct {
	first, end uint32
	above      consensus.Height
}

// Learn records that scripts, from a number on, were found because of blocks
// above the tip. Nothing is known of those that were found elsewhere.
func (s *Snapshot) Learn(first uint32) {
	s.ScannedRanges = append(slices.Clip(s.ScannedRanges), scannedRange{first, s.Count(), s.Tip.Height})
}

// Unsearched returns the first script, from a number on, that blocks above a height
// may not have been matched against. A number that is not below count says that
// there is none.
func (s *Snapshot) Unsearched(from uint32, h consensus.Height) uint32 {
	first := from
	for _, l := range s.ScannedRanges {
		if l.first <= from && from < l.end && l.above <= h {
			from = l.end
		}
	}
	for _, n := range s.Late {
		if first <= n && n < from {
			return n
		}
	}
	return from
}

// Found notes that a block of a height pays a script, which was not known before. If
// blocks above it were applied already as scannedRange says, what they spend of the payment
// was not noticed: so they have to be searched again for the script.
func (s *Snapshot) Found(n uint32, h consensus.Height) {
	if !slices.ContainsFunc(s.ScannedRanges, func(l scannedRange) bool { return l.first <= n && n < l.end && h <= l.above }) {
		return
	}
	if i, known := slices.BinarySearch(s.Late, n); !known {
		s.Late = slices.Insert(slices.Clone(s.Late), i, n)
	}
}
