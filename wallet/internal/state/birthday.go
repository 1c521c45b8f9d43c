package state

import (
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
)

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
		err := s.changeBirths(tx, func(b *birthday.Born) bool {
			if b.Height <= fork.Height+1 || b.Height == birthday.Unborn {
				return false
			}
			b.Height = fork.Height + 1
			return true
		})
		if err != nil {
			return err
		}
	}
	s.Birthdays.Leave(fork, to)
	return nil
}

// ReachDates makes heights of the dates that blocks of the chain above a height are the
// first to reach.
func (s *Snapshot) ReachDates(blocks []chain.Block, above consensus.Height) {
	for i := range blocks {
		if b := &blocks[i]; b.Height > above {
			s.Birthdays.Reach(b.Height, uint32(b.Header.Timestamp()))
		}
	}
}
