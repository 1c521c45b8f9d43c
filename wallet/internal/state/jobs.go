package state

import (
	"slices"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// Stage returns the state of a job on a chain with a tip, the last height that was searched for
// it, and the last one to search.
func (s *Snapshot) Stage(j *Job, tip consensus.Height) (state JobState, at, target consensus.Height) {
	if !j.Active() {
		return j.state, j.reached, j.target
	}
	target = s.Tip.Height
	if tip != consensus.Never {
		target = max(tip, s.Tip.Height)
	}
	switch {
	case s.satisfies(j) && s.Tip.Height >= tip:
		return JobDone, s.Tip.Height, target // all that is left is to store it
	case s.satisfies(j):
		return j.state, s.Tip.Height, target
	case s.Scan() && j.first >= s.Fresh:
		return JobQueued, max(j.From-1, 0), target
	}
	return j.state, max(s.Cursor.Height, j.reached), target
}

// satisfies reports whether nothing is left to search for a job below the tip.
func (s *Snapshot) satisfies(j *Job) bool {
	if s.firstBirth(j.first, min(j.End, s.Count())) > s.Tip.Height {
		return true // no script of it is born yet
	}
	return s.Fresh >= j.End && (!s.Scan() || s.Scanning >= j.End)
}

// GoBack makes the cursor go back, to search for all scripts from a number on in the
// blocks from a height on, whatever has been searched before.
func (s *Snapshot) GoBack(from consensus.Height, first uint32) {
	if s.Scan() {
		first = min(first, s.Scanning)
	}
	start := remembered.Below(s.Blocks, max(from-1, 0)).BlockID
	if start.Height < s.Cursor.Height {
		s.MoveCursor(start)
	}
	if start.Height < s.Common.Height {
		s.Common = start
	}
	s.Scanning, s.ScannedRanges, s.Late = first, nil, nil
}

// GoOn makes the cursor stand where the jobs that are left need it.
func (s *Snapshot) GoOn() {
	if !s.Scan() {
		return
	}
	at, first, needed := s.Tip.Height, s.Fresh, false
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.Active() && j.first < s.Fresh && !s.satisfies(j) {
			at, first, needed = min(at, max(j.reached, s.Cursor.Height)), min(first, j.first), true
		}
	}
	if !needed {
		s.MoveCursor(s.Tip)
		s.Common, s.Scanning = s.Tip, s.Fresh
		return
	}
	if b := remembered.Below(s.Blocks, at).BlockID; b != s.Cursor {
		s.MoveCursor(b)
		s.Common = b
	}
	s.Scanning = max(s.Scanning, first)
}

// AddJob adds a job and returns its number.
func (s *Snapshot) AddJob(j Job) uint32 {
	j.ID = s.NextJob()
	s.Jobs = append(slices.Clip(s.Jobs), j)
	return j.ID
}

// NextJob returns the number of the next job.
func (s *Snapshot) NextJob() uint32 {
	if n := len(s.Jobs); n > 0 {
		return s.Jobs[n-1].ID + 1
	}
	return 1
}

// mostQueued is how many jobs may be active before imports that wait for their turn are
// one job.
const mostQueued = 16

// ImportJob adds a job for the scripts from first on, if there are any. When many jobs are
// active, and the newest one is an import that waits for its turn, they are part of that.
func (s *Snapshot) ImportJob(first, now uint32) {
	if first == s.Count() {
		return
	}
	from := s.firstBirth(first, s.Count())
	if from == birthday.Unborn {
		from = s.Tip.Height + 1
	}
	if i := len(s.Jobs) - 1; i >= 0 && s.waits(&s.Jobs[i]) && s.Jobs[i].End == first {
		s.Jobs = slices.Clone(s.Jobs)
		s.Jobs[i].End, s.Jobs[i].From = s.Count(), min(s.Jobs[i].From, from)
		return
	}
	s.AddJob(Job{Kind: ImportJob, first: first, End: s.Count(), From: from, Began: now})
}

// waits reports whether a job is an import that waits for the end of another job, and so
// do many.
func (s *Snapshot) waits(j *Job) bool {
	active := 0
	for i := range s.Jobs {
		if s.Jobs[i].Active() {
			active++
		}
	}
	return active >= mostQueued && j.Active() && j.Kind == ImportJob && s.Scan() && j.first >= s.Fresh
}

// HoldJobs notes how far the jobs are before the cursor goes back.
func (s *Snapshot) HoldJobs() {
	s.Jobs = slices.Clone(s.Jobs)
	for i := range s.Jobs {
		if j := &s.Jobs[i]; j.Active() && j.first < s.Fresh {
			j.reached = max(j.reached, s.Cursor.Height)
		}
	}
}

// EndJob notes that a job is over.
func (s *Snapshot) EndJob(j *Job, state JobState, now uint32) {
	_, j.reached, _ = s.Stage(j, s.Tip.Height)
	j.state, j.target, j.Ended = state, s.Tip.Height, now
}

// CoverJobs makes the search for scripts from known on, which have come since,
// part of the newest job that cannot be canceled, or of a new one. It does the
// same for a search that no job tells of.
func (s *Snapshot) CoverJobs(known, now uint32) {
	end, newest, any := s.Count(), -1, false
	for i := range s.Jobs {
		if j := &s.Jobs[i]; j.Active() {
			any = true
			if j.Kind != RescanJob {
				newest = i
			}
		}
	}
	discover := func(first uint32, from consensus.Height) {
		if first < end && from <= s.Tip.Height {
			s.AddJob(Job{Kind: DiscoveryJob, first: first, End: end, From: from, Began: now})
		}
	}
	switch {
	case end > known && newest >= 0:
		s.Jobs = slices.Clone(s.Jobs)
		s.Jobs[newest].End, s.Jobs[newest].reached = end, 0 // the new ones were looked for nowhere
	case end > known:
		discover(known, s.firstBirth(known, end))
	case any:
	case s.Scan():
		discover(s.Scanning, s.Cursor.Height+1)
	default:
		discover(s.Fresh, s.firstBirth(s.Fresh, end))
	}
	if s.Scan() {
		s.coverGap(now)
	}
}

// coverGap adds a job for scripts that old blocks are searched for and that are part of no
// job: those that were not born when they came to be watched.
func (s *Snapshot) coverGap(now uint32) {
	gap, end := s.searchedBy(s.Scanning, func(*Job) bool { return true }), s.Fresh
	for i := range s.Jobs {
		if j := &s.Jobs[i]; j.Active() && j.first > gap {
			end = min(end, j.first)
		}
	}
	if gap < end && s.firstBirth(gap, end) <= s.Tip.Height {
		s.AddJob(Job{Kind: DiscoveryJob, first: gap, End: end, From: s.Cursor.Height + 1, Began: now})
	}
}

// searchedBy returns the first script from a number on that is part of no active job of some.
func (s *Snapshot) searchedBy(n uint32, some func(*Job) bool) uint32 {
	for again := true; again; {
		again = false
		for i := range s.Jobs {
			if j := &s.Jobs[i]; j.Active() && some(j) && j.first <= n && n < j.End {
				n, again = j.End, true
			}
		}
	}
	return n
}

// ResolveJobs ends the jobs that are done, and forgets the oldest ones. It is asked
// before every change is stored.
func (s *Snapshot) ResolveJobs(old *Snapshot, now uint32) {
	s.CoverJobs(old.Count(), now)
	over := 0
	for i := range s.Jobs {
		j := &s.Jobs[i]
		if j.Active() && s.Complete && s.satisfies(j) {
			s.Jobs = slices.Clone(s.Jobs)
			s.EndJob(&s.Jobs[i], JobDone, now)
		}
		if !s.Jobs[i].Active() {
			over++
		}
	}
	if over > KeptJobs {
		s.Jobs = slices.DeleteFunc(slices.Clone(s.Jobs), func(j Job) bool {
			drop := !j.Active() && over > KeptJobs
			if drop {
				over--
			}
			return drop
		})
	}
}
