package state

import (
	"slices"

	"github.com/spvd/spvd/spv/consensus"
)

// Rewind is a change that made the cursor go back: the blocks above it are searched again.
type Rewind struct {
	Change uint64           // Snapshot.Changes since then
	From   consensus.Height // the first of the blocks
}

// keptRewinds is how many are remembered one by one. Of older ones the lowest height is.
const keptRewinds = 32

// NoteRewind notes that the cursor stands below that of the snapshot before, if it does.
func (s *Snapshot) NoteRewind(before *Snapshot) {
	if s.Cursor.Height >= before.Cursor.Height {
		return
	}
	list := append(slices.Clone(before.Rewinds), Rewind{s.Changes, s.Cursor.Height + 1})
	if len(list) > keptRewinds {
		list[1].From = min(list[0].From, list[1].From)
		list = list[1:]
	}
	s.Rewinds = list
}

// RewoundTo returns the first height of the blocks that came to be searched again since a
// number of changes, Never without any.
func (s *Snapshot) RewoundTo(changes uint64) consensus.Height {
	low := consensus.Never
	for _, r := range s.Rewinds {
		if r.Change > changes && (low == consensus.Never || r.From < low) {
			low = r.From
		}
	}
	return low
}

// EndedJobs returns the number of the newest job up to which all are over.
func (s *Snapshot) EndedJobs() uint32 {
	for i := range s.Jobs {
		if s.Jobs[i].Active() {
			return s.Jobs[i].ID - 1
		}
	}
	return s.NextJob() - 1
}

// SearchedBy returns the first height that a job with a higher number than one given searches,
// Never without such a job. It is not known if one of them is no longer remembered.
func (s *Snapshot) SearchedBy(jobsAbove uint32) (low consensus.Height, known bool) {
	low = consensus.Never
	missing := int64(s.NextJob()) - 1 - int64(jobsAbove)
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.ID <= jobsAbove {
			continue
		}
		missing--
		if low == consensus.Never || j.From < low {
			low = j.From
		}
	}
	return low, missing <= 0
}
