package state

import (
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// TestRewindsAreRemembered moves a cursor up and down: a reader who has seen it at any time knows
// how far down it has been since, or a lower height when that is long ago.
func TestRewindsAreRemembered(t *testing.T) {
	heights := []consensus.Height{50, 20, 50, 30, 60, 60, 10, 60}
	for range 3 * keptRewinds {
		heights = append(heights, 40, 60)
	}
	s := &Snapshot{Progress: Progress{Cursor: consensus.BlockID{Height: heights[0]}}}
	for i, h := range heights[1:] {
		next := *s
		next.Changes, next.Cursor.Height = s.Changes+1, h
		next.NoteRewind(s)
		s = &next
		if now := s.RewoundTo(s.Changes); now != consensus.Never {
			t.Fatalf("change %d: rewound to %d after the newest change", i+1, now)
		}
		for seen := range uint64(i + 1) {
			low := consensus.Never
			for k := int(seen) + 1; k <= i+1; k++ {
				if heights[k] < heights[k-1] && (low == consensus.Never || heights[k]+1 < low) {
					low = heights[k] + 1
				}
			}
			got := s.RewoundTo(seen)
			if exact := len(s.Rewinds) < keptRewinds; got != low && (exact || got > low || got < 11) {
				t.Fatalf("after change %d: rewound to %d since change %d, want %d", i+1, got, seen, low)
			}
		}
	}
	if len(s.Rewinds) != keptRewinds {
		t.Errorf("%d rewinds are kept, want %d", len(s.Rewinds), keptRewinds)
	}
}

// TestSearchesSinceAJob asks for the lowest height of the jobs above a number.
func TestSearchesSinceAJob(t *testing.T) {
	s := &Snapshot{Jobs: []Job{{ID: 4, state: JobDone, From: 9}, {ID: 5, From: 7}, {ID: 6, state: JobDone, From: 8}}}
	if n := s.EndedJobs(); n != 4 {
		t.Errorf("all jobs are over up to %d, want 4", n)
	}
	for above, want := range map[uint32]consensus.Height{3: 7, 4: 7, 5: 8, 6: consensus.Never} {
		if got, known := s.SearchedBy(above); got != want || !known {
			t.Errorf("above job %d: from %d, known %v; want %d", above, got, known, want)
		}
	}
	if _, known := s.SearchedBy(2); known {
		t.Error("what job 3 has searched is known, and it is not remembered")
	}
}
