package misbehavior

import (
	"maps"
	"math"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

const (
	// forgiven is the time in which half of a ban score is forgotten.
	forgiven = 10 * time.Minute

	// maxScores bounds the remembered ban scores, apart from those that still have points.
	maxScores = 4096
)

// Record is how hosts have behaved.
type Record struct {
	scores map[string]score // by host
	bans   map[string]Ban   // by host, or by the address that the user has banned
}

// NewRecord returns an empty record.
func NewRecord() *Record {
	return &Record{scores: make(map[string]score), bans: make(map[string]Ban)}
}

// score is how badly a host has behaved, from zero upwards.
type score struct {
	points float64
	at     time.Time
	last   fault.Reason // of the last points
	blocks int          // see Blocks
}

// now returns the points that are left.
func (s score) now(t time.Time) float64 {
	if s.points == 0 {
		return 0
	}
	return s.points * math.Exp2(-float64(max(t.Sub(s.at), 0))/float64(forgiven))
}

// Charge adds the points of one occurrence of a reason to the ban score of a host, and returns
// the points that it has then.
func (r *Record) Charge(host string, why fault.Reason, now time.Time) float64 {
	s := r.scores[host]
	s.points = s.now(now) + float64(why.Score())
	s.at = now
	s.last = why
	r.set(host, s, now)
	return s.points
}

// Points returns the ban score of a host.
func (r *Record) Points(host string, now time.Time) float64 { return r.scores[host].now(now) }

// Last returns the reason of the last charge against a host, zero if there is none.
func (r *Record) Last(host string) fault.Reason { return r.scores[host].last }

// Blocks returns how many blocks a host was asked for until its last connection ended.
func (r *Record) Blocks(host string) int { return r.scores[host].blocks }

// SetBlocks sets the result of Blocks.
func (r *Record) SetBlocks(host string, n int, now time.Time) {
	s := r.scores[host]
	s.blocks = n
	r.set(host, s, now)
}

// set records a score. When there are too many, those without points are forgotten.
func (r *Record) set(host string, s score, now time.Time) {
	r.scores[host] = s
	if len(r.scores) > maxScores {
		maps.DeleteFunc(r.scores, func(_ string, s score) bool { return s.now(now) < 1 })
	}
}
