package state

import (
	"bytes"
	"slices"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// UpTo returns the snapshot without the blocks that are still to be stored.
func (s *Snapshot) UpTo(stored *Snapshot) *Snapshot {
	if at, ok := remembered.At(s.Blocks, stored.Tip.Height); !ok || at.BlockID != stored.Tip || s.Tip.Height-stored.Tip.Height >= QuietBlocks {
		return s
	}
	lower := *s
	lower.Progress, lower.Blocks = stored.Progress, stored.Blocks
	return &lower
}

// Equal reports whether two snapshots say the same.
func (s *Snapshot) Equal(o *Snapshot) bool {
	return s.Pool.Equal(o.Pool) && s.Progress == o.Progress && s.Forgetting == o.Forgetting && slices.Equal(s.Jobs, o.Jobs) && slices.Equal(s.Blocks, o.Blocks) && slices.Equal(s.Accounts, o.Accounts) &&
		s.Birthdays.Equal(&o.Birthdays) &&
		slices.EqualFunc(s.Scripts, o.Scripts, func(a, b Script) bool { return bytes.Equal(a.Encode(), b.Encode()) && a.Born == b.Born })
}

// QuietBlocks is how many blocks that change nothing are stored at a time. A wallet
// that was killed goes through them again.
const QuietBlocks = 128

// MayWait reports whether a snapshot, of a transaction that has changed no row, need not be
// stored after the one that is. Phase is at which blocks, of QuietBlocks, that is done.
func (s *Snapshot) MayWait(o *Snapshot, phase consensus.Height) bool {
	part := func(h consensus.Height) consensus.Height { return (h + phase) / QuietBlocks }
	if at, ok := remembered.At(s.Blocks, o.Tip.Height); !ok || at.BlockID != o.Tip {
		return false // the chain has left what is stored
	}
	return s.Tip.Height > o.Tip.Height && part(s.Tip.Height) == part(o.Tip.Height) && s.Cursor == s.Tip && o.Cursor == o.Tip &&
		s.Fresh == o.Fresh && s.Scanning == o.Scanning && s.Count() == o.Count() &&
		slices.Equal(s.Accounts, o.Accounts) && slices.Equal(s.Jobs, o.Jobs) &&
		slices.Equal(s.Birthdays.Anchors, o.Birthdays.Anchors) && slices.Equal(s.Birthdays.Dates, o.Birthdays.Dates)
}
