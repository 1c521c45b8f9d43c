package peer

import (
	"math"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// TestStanding checks that points add up and fade.
func TestStanding(t *testing.T) {
	var s banScore
	now := time.Now()
	s.add(fault.Unsolicited, now)
	s.add(fault.Unsolicited, now)
	if got := s.now(now); got != float64(2*fault.Unsolicited.Score()) {
		t.Errorf("%v points", got)
	}
	if got := s.now(now.Add(forgiven)); math.Abs(got-float64(fault.Unsolicited.Score())) > 1e-9 {
		t.Errorf("%v points after one half-life", got)
	}
	if got := s.now(now.Add(-time.Hour)); got > float64(2*fault.Unsolicited.Score()) {
		t.Errorf("%v points when the clock is set back", got)
	}
}
