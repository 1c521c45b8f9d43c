package wallet

import (
	"context"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
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
	s := w.store.Now()
	list := make([]Job, len(s.Jobs))
	for i := range s.Jobs {
		j := &s.Jobs[i]
		stage, at, target := s.Stage(j, tip)
		if j.Active() && stage == JobDone && !ends {
			stage = JobRunning
		}
		list[i] = Job{ID: j.ID, Kind: j.Kind, State: stage, From: j.From, At: at, Target: target,
			Began: state.UnixTime(j.Began), Ended: state.UnixTime(j.Ended)}
	}
	return list
}

// StartRescan searches all blocks from a height on again for everything, and returns the job.
// Accounts and imports that were born later are born there from now on. It returns at once: the
// syncer, which is poked, does the work; Jobs shows how far it is. Nothing that is known is
// forgotten meanwhile, and after it nothing has changed unless something had been missed.
//
// A rescan of all that the wallet has searched first reads all rows that follow from the chain. If some are damaged it rebuilds them, and its
// job is a discovery, which cannot be canceled: until it is done, balances may be too low. The
// error is ErrCorrupt if more than these rows is damaged.
func (w *Wallet) StartRescan(ctx context.Context, from consensus.Height) (id uint32, err error) {
	if err := (Birthday{Height: from}).Validate(); err != nil {
		return 0, fmt.Errorf("rescan: %w", err)
	}
	repair := false
	if from <= w.store.Now().RepairFrom() {
		if repair, err = w.needsRepair(ctx); err != nil {
			return 0, fmt.Errorf("rescan from %d: %w", from, err)
		}
	}
	err = w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		if from > s.Tip.Height {
			return nil, fmt.Errorf("rescan from %d: %w, which is %d", from, ErrAboveTip, s.Tip.Height)
		}
		covered, kind := *s, RescanJob
		if repair = repair && from <= s.RepairFrom(); repair {
			kind = DiscoveryJob
			if err := w.applier.Rebuild(tx, &covered); err != nil {
				return nil, fmt.Errorf("repair: %w", err)
			}
		}
		covered.CoverJobs(s.Count(), w.seconds())
		next, err := covered.Rejuvenate(tx, covered.NextJob(), from)
		if err != nil {
			return nil, err
		}
		if repair { // its job cannot be canceled: what it has lowered is no other rescan's to give back
			if err := next.KeepLowered(tx, from); err != nil {
				return nil, err
			}
		}
		next.HoldJobs()
		id = next.AddJob(state.Job{Kind: kind, End: s.Count(), From: from, Began: w.seconds()})
		next.GoBack(from, 0)
		return next, nil
	})
	if err == nil && repair {
		w.cfg.Log.Warn("Damaged rows of the wallet are rebuilt", "path", w.cfg.Path, "from", from)
		w.store.Mended()
		w.repaired.Store(true)
		w.pokes.poke()
	}
	return id, err
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
	if err := w.applier.Forget(ctx); err != nil {
		return err
	}
	if err := w.cancel(ctx, id); err != nil {
		return err
	}
	return w.applier.Forget(ctx)
}

// cancel ends a rescan and runs the first step of forgetting it.
func (w *Wallet) cancel(ctx context.Context, id uint32) error {
	return w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		i := slices.IndexFunc(s.Jobs, func(j state.Job) bool { return j.ID == id })
		switch {
		case i < 0:
			return nil, fmt.Errorf("job %d: %w", id, ErrNoJob)
		case !s.Jobs[i].Active():
			return nil, fmt.Errorf("job %d: %w", id, ErrJobOver)
		case s.Jobs[i].Kind != RescanJob:
			return nil, fmt.Errorf("job %d: %w", id, ErrJobNeeded)
		}
		next := s.WithAccounts()
		next.Jobs, next.Scripts = slices.Clone(s.Jobs), slices.Clone(s.Scripts)
		j := &next.Jobs[i]
		next.EndJob(j, JobCanceled, w.seconds())
		next.Forgetting = state.Forgetting{Job: id, At: j.From}
		if err := w.applier.BeginForgetting(tx, next); err != nil {
			return nil, fmt.Errorf("job %d: %w", id, err)
		}
		next.GoOn()
		next.StartScan()
		return next, nil
	})
}

// seconds returns the time as it is stored.
func (w *Wallet) seconds() uint32 { return uint32(w.cfg.Now().Unix()) }
