package wallet

import (
	"context"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
)

// Job is a search of blocks for what the wallet watches. It outlasts a restart.
type Job struct {
	ID    uint32 // unique in the wallet
	Kind  JobKind
	State JobState

	// From is the first height that is searched, At the last one that was, and
	// Target the last one to search. At may fall when windows grow: then the
	// blocks are searched for the new addresses.
	From, At, Target consensus.Height

	Began time.Time
	Ended time.Time // zero while it is not over
}

// Over reports whether the job is done or was canceled.
func (j *Job) Over() bool { return j.State == JobDone || j.State == JobCanceled }

// Progress returns the share of the blocks that were searched, 0 to 1.
func (j *Job) Progress() float64 {
	total := j.Target - j.From + 1
	switch {
	case j.State == JobDone:
		return 1
	case total <= 0:
		return 0
	}
	return float64(max(0, j.At-j.From+1)) / float64(total)
}

// Jobs returns the jobs in the order in which they began: those that are not
// over, and the last ones that are. Tip is the height of the chain, consensus.Never
// while that is not known. Unless the chain is known to end there, a job that has
// searched all of it is still running: what it looks for may be in later blocks.
func (w *Wallet) Jobs(tip consensus.Height, ends bool) []Job {
	s := w.now.Load()
	list := make([]Job, len(s.jobs))
	for i := range s.jobs {
		j := &s.jobs[i]
		state, at, target := s.stage(j, tip)
		if j.active() && state == JobDone && !ends {
			state = JobRunning
		}
		list[i] = Job{ID: j.id, Kind: j.kind, State: state, From: j.from, At: at, Target: target,
			Began: unixTime(j.began), Ended: unixTime(j.ended)}
	}
	return list
}

// stage returns the state of a job on a chain with a tip, the last height that was searched for
// it, and the last one to search.
func (s *snapshot) stage(j *job, tip consensus.Height) (state JobState, at, target consensus.Height) {
	if !j.active() {
		return j.state, j.reached, j.target
	}
	target = s.tip.Height
	if tip != consensus.Never {
		target = max(tip, s.tip.Height)
	}
	switch {
	case s.satisfies(j) && s.tip.Height >= tip:
		return JobDone, s.tip.Height, target // all that is left is to store it
	case s.satisfies(j):
		return j.state, s.tip.Height, target
	case s.scan() && j.first >= s.fresh:
		return JobQueued, max(j.from-1, 0), target
	}
	return j.state, max(s.cursor.Height, j.reached), target
}

// satisfies reports whether nothing is left to search for a job below the tip.
func (s *snapshot) satisfies(j *job) bool {
	if s.firstBirth(j.first, min(j.end, s.count())) > s.tip.Height {
		return true // nobody is born yet
	}
	return s.fresh >= j.end && (!s.scan() || s.scanning >= j.end)
}

// StartRescan is Rescan. It returns the job. A rescan of all that the wallet has searched first
// reads all rows that follow from the chain. If some are damaged it rebuilds them, and its
// job is a discovery, which cannot be canceled: until it is done, balances may be too low. The
// error is ErrCorrupt if more than these rows is damaged.
func (w *Wallet) StartRescan(ctx context.Context, from consensus.Height) (id uint32, err error) {
	if err := (Birthday{Height: from}).validate(); err != nil {
		return 0, fmt.Errorf("rescan: %w", err)
	}
	repair := false
	if from <= w.now.Load().repairFrom() {
		if repair, err = w.needsRepair(ctx); err != nil {
			return 0, fmt.Errorf("rescan from %d: %w", from, err)
		}
	}
	err = w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		if from > s.tip.Height {
			return nil, fmt.Errorf("rescan from %d: %w, which is %d", from, ErrAboveTip, s.tip.Height)
		}
		covered, kind := *s, RescanJob
		if repair = repair && from <= s.repairFrom(); repair {
			kind = DiscoveryJob
			a := application{w: w, tx: tx}
			if err := a.repair(&covered); err != nil {
				return nil, fmt.Errorf("repair: %w", err)
			}
		}
		covered.coverJobs(s.count(), w.seconds())
		next, err := covered.rejuvenate(tx, covered.nextJob(), from)
		if err != nil {
			return nil, err
		}
		if repair { // its job cannot be canceled: what it has lowered is no other rescan's to give back
			if err := next.keepLowered(tx, from); err != nil {
				return nil, err
			}
		}
		next.holdJobs()
		id = next.addJob(job{kind: kind, end: s.count(), from: from, began: w.seconds()})
		next.goBack(from, 0)
		return next, nil
	})
	if err == nil && repair {
		w.cfg.Log.Warn("Damaged rows of the wallet are rebuilt", "path", w.cfg.Path, "from", from)
		w.damaged.Store(nil)
		w.repaired.Store(true)
		poke(w.changed)
	}
	return id, err
}

// goBack makes the cursor go back, to search for all scripts from a number on in the
// blocks from a height on, whatever has been searched before.
func (s *snapshot) goBack(from consensus.Height, first uint32) {
	if s.scan() {
		first = min(first, s.scanning)
	}
	start := blockBelow(s.blocks, max(from-1, 0)).BlockID
	if start.Height < s.cursor.Height {
		s.moveCursor(start)
	}
	if start.Height < s.common.Height {
		s.common = start
	}
	s.scanning, s.scannedRanges, s.late = first, nil, nil
}

// CancelJob gives up a rescan. The wallet is where it would be without it. Birthdays
// that it has lowered are what they were, and what it has found below these is
// forgotten, because what came of that in blocks it has not come to is not known.
// What else it has found stays known, and so do the addresses that it has found to be
// used. The errors are ErrNoJob, ErrJobOver, and ErrJobNeeded for a search that the
// balances depend on.
//
// What is to be forgotten may be much: then it takes several transactions of the file, and
// the job is over with the first. The others are run even if ctx is done, and after a
// crash by Open.
func (w *Wallet) CancelJob(ctx context.Context, id uint32) error {
	if err := w.forgetAll(ctx); err != nil {
		return err
	}
	if err := w.cancel(ctx, id); err != nil {
		return err
	}
	return w.forgetAll(ctx)
}

// cancel ends a rescan and runs the first step of forgetting it.
func (w *Wallet) cancel(ctx context.Context, id uint32) error {
	return w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		i := slices.IndexFunc(s.jobs, func(j job) bool { return j.id == id })
		switch {
		case i < 0:
			return nil, fmt.Errorf("job %d: %w", id, ErrNoJob)
		case !s.jobs[i].active():
			return nil, fmt.Errorf("job %d: %w", id, ErrJobOver)
		case s.jobs[i].kind != RescanJob:
			return nil, fmt.Errorf("job %d: %w", id, ErrJobNeeded)
		}
		next := s.withAccounts()
		next.jobs, next.scripts = slices.Clone(s.jobs), slices.Clone(s.scripts)
		j := &next.jobs[i]
		next.endJob(j, JobCanceled, w.seconds())
		next.forgetting = forgetting{id, j.from}
		a := application{w: w, tx: tx}
		if err := a.forget(next, true); err != nil {
			return nil, fmt.Errorf("job %d: %w", id, err)
		}
		next.goOn()
		next.startScan()
		return next, nil
	})
}

// goOn makes the cursor stand where the jobs that are left need it.
func (s *snapshot) goOn() {
	if !s.scan() {
		return
	}
	at, first, needed := s.tip.Height, s.fresh, false
	for i := range s.jobs {
		j := &s.jobs[i]
		if j.active() && j.first < s.fresh && !s.satisfies(j) {
			at, first, needed = min(at, max(j.reached, s.cursor.Height)), min(first, j.first), true
		}
	}
	if !needed {
		s.moveCursor(s.tip)
		s.common, s.scanning = s.tip, s.fresh
		return
	}
	if b := blockBelow(s.blocks, at).BlockID; b != s.cursor {
		s.moveCursor(b)
		s.common = b
	}
	s.scanning = max(s.scanning, first)
}

// addJob adds a job and returns its number.
func (s *snapshot) addJob(j job) uint32 {
	j.id = s.nextJob()
	s.jobs = append(slices.Clip(s.jobs), j)
	return j.id
}

// nextJob returns the number of the next job.
func (s *snapshot) nextJob() uint32 {
	if n := len(s.jobs); n > 0 {
		return s.jobs[n-1].id + 1
	}
	return 1
}

// mostQueued is how many jobs may be active before imports that wait for their turn are
// one job.
const mostQueued = 16

// importJob adds a job for the scripts from first on, if there are any. When many jobs are
// active, and the newest one is an import that waits for its turn, they are part of that.
func (s *snapshot) importJob(first, now uint32) {
	if first == s.count() {
		return
	}
	from := s.firstBirth(first, s.count())
	if from == unborn {
		from = s.tip.Height + 1
	}
	if i := len(s.jobs) - 1; i >= 0 && s.waits(&s.jobs[i]) && s.jobs[i].end == first {
		s.jobs = slices.Clone(s.jobs)
		s.jobs[i].end, s.jobs[i].from = s.count(), min(s.jobs[i].from, from)
		return
	}
	s.addJob(job{kind: ImportJob, first: first, end: s.count(), from: from, began: now})
}

// waits reports whether a job is an import that waits for the end of another job, and so
// do many.
func (s *snapshot) waits(j *job) bool {
	active := 0
	for i := range s.jobs {
		if s.jobs[i].active() {
			active++
		}
	}
	return active >= mostQueued && j.active() && j.kind == ImportJob && s.scan() && j.first >= s.fresh
}

// holdJobs notes how far the jobs are before the cursor goes back.
func (s *snapshot) holdJobs() {
	s.jobs = slices.Clone(s.jobs)
	for i := range s.jobs {
		if j := &s.jobs[i]; j.active() && j.first < s.fresh {
			j.reached = max(j.reached, s.cursor.Height)
		}
	}
}

// endJob notes that a job is over.
func (s *snapshot) endJob(j *job, state JobState, now uint32) {
	_, j.reached, _ = s.stage(j, s.tip.Height)
	j.state, j.target, j.ended = state, s.tip.Height, now
}

// coverJobs makes the search for scripts from known on, which have come since,
// part of the newest job that cannot be canceled, or of a new one. It does the
// same for a search that no job tells of.
func (s *snapshot) coverJobs(known, now uint32) {
	end, newest, any := s.count(), -1, false
	for i := range s.jobs {
		if j := &s.jobs[i]; j.active() {
			any = true
			if j.kind != RescanJob {
				newest = i
			}
		}
	}
	discover := func(first uint32, from consensus.Height) {
		if first < end && from <= s.tip.Height {
			s.addJob(job{kind: DiscoveryJob, first: first, end: end, from: from, began: now})
		}
	}
	switch {
	case end > known && newest >= 0:
		s.jobs = slices.Clone(s.jobs)
		s.jobs[newest].end, s.jobs[newest].reached = end, 0 // the new ones were looked for nowhere
	case end > known:
		discover(known, s.firstBirth(known, end))
	case any:
	case s.scan():
		discover(s.scanning, s.cursor.Height+1)
	default:
		discover(s.fresh, s.firstBirth(s.fresh, end))
	}
	if s.scan() {
		s.coverGap(now)
	}
}

// coverGap adds a job for scripts that old blocks are searched for and that are part of no
// job: those that were not born when they came to be watched.
func (s *snapshot) coverGap(now uint32) {
	gap, end := s.scanning, s.fresh
	for again := true; again; {
		again = false
		for i := range s.jobs {
			if j := &s.jobs[i]; j.active() && j.first <= gap && gap < j.end {
				gap, again = j.end, true
			}
		}
	}
	for i := range s.jobs {
		if j := &s.jobs[i]; j.active() && j.first > gap {
			end = min(end, j.first)
		}
	}
	if gap < end && s.firstBirth(gap, end) <= s.tip.Height {
		s.addJob(job{kind: DiscoveryJob, first: gap, end: end, from: s.cursor.Height + 1, began: now})
	}
}

// resolveJobs ends the jobs that are done, and forgets the oldest ones. It is asked
// before every change is stored.
func (s *snapshot) resolveJobs(old *snapshot, now uint32) {
	s.coverJobs(old.count(), now)
	over := 0
	for i := range s.jobs {
		j := &s.jobs[i]
		if j.active() && s.complete && s.satisfies(j) {
			s.jobs = slices.Clone(s.jobs)
			s.endJob(&s.jobs[i], JobDone, now)
		}
		if !s.jobs[i].active() {
			over++
		}
	}
	if over > keptJobs {
		s.jobs = slices.DeleteFunc(slices.Clone(s.jobs), func(j job) bool {
			drop := !j.active() && over > keptJobs
			if drop {
				over--
			}
			return drop
		})
	}
}

// seconds returns the time as it is stored.
func (w *Wallet) seconds() uint32 { return uint32(w.cfg.Now().Unix()) }
