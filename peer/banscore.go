package peer

import (
	"math"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// forgiven is the time in which half of a ban score is forgotten.
const forgiven = 10 * time.Minute

// banScore is how badly an address has behaved, from zero upwards. It halves every ten
// minutes. It is a plain value without a clock of its own.
type banScore struct {
	points float64
	at     time.Time
	last   fault.Reason // of the last points, or of the end of the last connection
	blocks int          // how many the address was asked for, until its last connection ended
}

// now returns the points that are left.
func (s banScore) now(t time.Time) float64 {
	if s.points == 0 {
		return 0
	}
	return s.points * math.Exp2(-float64(max(t.Sub(s.at), 0))/float64(forgiven))
}

// add adds the points of one occurrence of a reason.
func (s *banScore) add(r fault.Reason, t time.Time) {
	s.points = s.now(t) + float64(r.Score())
	s.at = t
	s.last = r
}
