package votecheck

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/votes"
)

// Bounds of what is kept.
const (
	mostResults  = 4_096 // results, oldest dropped first
	mostRequests = 64    // jobs that were asked for and are not over
	mostJobs     = 256   // jobs that follow from Config.Least and are not over
	mostOver     = 64    // jobs that are over, oldest dropped first
)

// FirstJob is the lowest number of a job: those of a wallet's own jobs are below it.
const FirstJob = 1_000_000_000

// journaled is what is kept, as the journal has it. It has no lock of its own.
type journaled struct {
	results map[chainhash.Hash]*row // by the hash of the successor
	order   []chainhash.Hash        // of the results, oldest first
	jobs    []jobRow                // by number
	last    uint32                  // the number of the newest job
	dropped uint32                  // that of the newest one that was dropped, zero for none
	budget  budget
}

func newState(most int64) *journaled {
	return &journaled{results: make(map[chainhash.Hash]*row), last: FirstJob, budget: budget{most: most}}
}

// apply takes over a record of the journal. The error is errRow: it is left out.
func (s *journaled) apply(r record) error {
	switch r.kind {
	case recordResult:
		result, err := decodeRow(r.body)
		if err == nil {
			s.addResult(result)
		}
		return err
	case recordJob:
		j, err := decodeJob(r.body)
		if err == nil {
			s.putJob(j)
		}
		return err
	case recordSpent:
		spent, err := decodeSpending(r.body)
		if err == nil {
			s.budget.restore(spent)
		}
		return err
	}
	return errRow
}

// addResult adds a result, or replaces the one of the same successor.
func (s *journaled) addResult(r *row) {
	hash := r.Successor.Hash
	if _, known := s.results[hash]; known {
		s.order = slices.DeleteFunc(s.order, func(h chainhash.Hash) bool { return h == hash })
	}
	s.results[hash] = r
	s.order = append(s.order, hash)
	if len(s.order) > mostResults {
		delete(s.results, s.order[0])
		s.order = s.order[1:]
	}
}

// putJob adds a job, or replaces the one of the same number. Of those that are over the
// oldest are dropped.
func (s *journaled) putJob(j jobRow) {
	s.last = max(s.last, j.id)
	if i := s.find(j.id); i >= 0 {
		s.jobs[i] = j
	} else {
		i, _ := slices.BinarySearchFunc(s.jobs, j.id, func(k jobRow, id uint32) int { return int(k.id) - int(id) })
		s.jobs = slices.Insert(s.jobs, i, j)
	}
	over := 0
	for i := len(s.jobs) - 1; i >= 0; i-- {
		if s.jobs[i].over() {
			if over++; over > mostOver {
				s.dropped = max(s.dropped, s.jobs[i].id)
				s.jobs = slices.Delete(s.jobs, i, i+1)
			}
		}
	}
}

// find returns the index of a job, -1 if there is none.
func (s *journaled) find(id uint32) int {
	return slices.IndexFunc(s.jobs, func(j jobRow) bool { return j.id == id })
}

// active returns the job for a transaction that is not over, nil if there is none.
func (s *journaled) active(wallet string, tx chainhash.Hash) *jobRow {
	for i := range s.jobs {
		if j := &s.jobs[i]; !j.over() && j.wallet == wallet && j.tx == tx {
			return j
		}
	}
	return nil
}

// count returns how many jobs are not over, of those that were asked for or the others.
func (s *journaled) count(automatic bool) (n int) {
	for i := range s.jobs {
		if !s.jobs[i].over() && s.jobs[i].automatic == automatic {
			n++
		}
	}
	return n
}

// records returns all that is kept as records.
func (s *journaled) records(now time.Time) []record {
	var list []record
	for _, hash := range s.order {
		list = append(list, record{recordResult, s.results[hash].encode()})
	}
	for i := range s.jobs {
		list = append(list, record{recordJob, s.jobs[i].encode()})
	}
	s.budget.expire(now)
	for _, m := range s.budget.minutes {
		list = append(list, record{recordSpent, m.encode()})
	}
	return list
}

// size returns about how many bytes the records are.
func (s *journaled) size() int64 {
	const vote, result, job = 5 * rowVote, rowHead + recordHead, jobHead + recordHead + 16
	return int64(len(s.results)*(vote+result) + len(s.jobs)*job + window*(16+recordHead))
}

// remember gives a new Verifier the tickets of the results that count.
func (s *journaled) remember(v *votes.Verifier, counts func(*row) bool) {
	for _, hash := range s.order {
		if r := s.results[hash]; counts(r) {
			v.Remember(r.Successor, r.Tickets())
		}
	}
}
