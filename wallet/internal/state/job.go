package state

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// KeptJobs is how many jobs that are over are remembered.
const KeptJobs = 50

// JobKind is what a search of old blocks was begun for.
type JobKind uint8

// The kinds of jobs.
const (
	RescanJob    JobKind = iota // the user asked for it
	ImportJob                   // something was imported
	DiscoveryJob                // a window has grown
	lastJobKind  = DiscoveryJob
)

// String returns the name of the kind.
func (k JobKind) String() string {
	switch k {
	case RescanJob:
		return "rescan"
	case ImportJob:
		return "import"
	case DiscoveryJob:
		return "discovery"
	}
	return "unknown"
}

// JobState is how far a job is.
type JobState uint8

// The states of jobs. Queued jobs wait for the end of another one; they are
// stored as running.
const (
	JobRunning JobState = iota
	JobDone
	JobCanceled
	JobQueued
	lastStored = JobCanceled
)

// String returns the name of the state.
func (s JobState) String() string {
	switch s {
	case JobRunning:
		return "running"
	case JobDone:
		return "done"
	case JobCanceled:
		return "canceled"
	case JobQueued:
		return "queued"
	}
	return "unknown"
}

// Job is a search of blocks for scripts. How far it is follows from the progress
// of the wallet; the row only says what was asked for.
type Job struct {
	ID    uint32
	Kind  JobKind
	state JobState // never JobQueued

	// The scripts from first on and below end are searched for, from the height
	// from on. The windows that grow meanwhile are part of it: end grows with them.
	first, End uint32
	From       consensus.Height

	// reached is the height up to which that was done when another job made the
	// cursor go back.
	reached consensus.Height

	// target is the height of the tip when the job was over.
	target consensus.Height

	Began, Ended uint32 // Unix seconds; ended is zero while it is running
}

func (j *Job) Active() bool { return j.state == JobRunning }

// The jobs bucket. Keys are job numbers (u32). Values: kind, state (u8 each),
// first, end (u32 each), from, reached, target (heights, u32 each), began, ended
// (Unix seconds, u32 each).
var JobsBucket = []byte("jobs")

func (j *Job) encode() []byte {
	b := []byte{byte(j.Kind), byte(j.state)}
	for _, n := range []uint32{j.first, j.End, uint32(j.From), uint32(j.reached), uint32(j.target), j.Began, j.Ended} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func decodeJob(k, v []byte) (Job, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	j := Job{ID: key.U32(), Kind: JobKind(r.U8()), state: JobState(r.U8()), first: r.U32(), End: r.U32(),
		From: consensus.Height(r.U32()), reached: consensus.Height(r.U32()), target: consensus.Height(r.U32()), Began: r.U32(), Ended: r.U32()}
	if key.Done() != nil || j.Kind > lastJobKind || j.state > lastStored || j.first > j.End || j.From < 0 || j.reached < 0 || j.target < 0 {
		r.Bad = true
	}
	return j, r.Done()
}

// loadJobs returns all jobs in the order of their numbers.
func loadJobs(tx *bolt.Tx) ([]Job, error) {
	return rows.Load(tx.Bucket(JobsBucket), "job", decodeJob)
}

// saveJobs makes the bucket hold list, of which old was the former value. What jobs that
// are over have lowered is for good, but for that of the one that is being forgotten.
func saveJobs(tx *bolt.Tx, old, list []Job, forgotten uint32) error {
	b := tx.Bucket(JobsBucket)
	byID := func(j Job, id uint32) int { return cmp.Compare(j.ID, id) }
	for i := range old {
		if _, kept := slices.BinarySearchFunc(list, old[i].ID, byID); !kept {
			if err := b.Delete(rows.Key(old[i].ID)); err != nil {
				return err
			}
		}
	}
	for i := range list {
		if at, ok := slices.BinarySearchFunc(old, list[i].ID, byID); ok && old[at] == list[i] {
			continue
		}
		if err := b.Put(rows.Key(list[i].ID), list[i].encode()); err != nil {
			return err
		}
		if list[i].Active() || list[i].ID == forgotten {
			continue
		}
		if err := dropBirthdayUndos(tx, list[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// addJobs is the upgrade to format 2, which has jobs.
func addJobs(tx *bolt.Tx) error {
	_, err := tx.CreateBucketIfNotExists(JobsBucket)
	return err
}

// UnixTime returns a stored time, the zero time for zero.
func UnixTime(seconds uint32) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}
