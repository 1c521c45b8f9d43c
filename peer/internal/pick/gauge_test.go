package pick

import (
	"math"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/conn"
)

// TestGauge checks the measured rate with and without overlapping requests.
func TestGauge(t *testing.T) {
	var g Gauge
	now := time.Now()
	if g.Rate() != 0 {
		t.Error("a rate without a measurement")
	}
	if g.Delivered(conn.GetCFilters, 100, 0, now, now.Add(time.Second)); g.Rate() != 0 {
		t.Errorf("rate %v from a reply that is too small", g.Rate())
	}
	for i := range 20 {
		// Two in flight at a time, one delivered each second.
		at := now.Add(time.Duration(i+2) * time.Second)
		g.Delivered(conn.GetCFilters, 1<<20, 0, at.Add(-2*time.Second), at)
	}
	if got := g.Rate(); math.Abs(got-1<<20) > 1<<17 {
		t.Errorf("rate %.0f, want about %d", got, 1<<20)
	}
	if g := new(Gauge); true {
		g.Delivered(conn.GetCFilters, 1<<20, 0, now, now)
		if got := g.Rate(); math.IsInf(got, 0) || math.IsNaN(got) {
			t.Errorf("rate %v of an instant reply", got)
		}
	}
}

// TestGaugeLeavesLatencyOut checks that one reply at a time over a long line measures the
// line's rate, not its latency, and that a round trip that is too long for the reply does not
// make the rate infinite.
func TestGaugeLeavesLatencyOut(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		rtt, took time.Duration
		want      float64
	}{
		{800 * time.Millisecond, 1800 * time.Millisecond, 1 << 20},
		{0, time.Second, 1 << 20},
		{time.Minute, time.Second, 10 << 20},
	} {
		var g Gauge
		g.Delivered(conn.GetCFilters, 1<<20, test.rtt, now, now.Add(test.took))
		if got := g.Rate(); math.Abs(got-test.want) > test.want/100 {
			t.Errorf("rate %.0f of a reply after %v with a round trip of %v, want %.0f", got, test.took, test.rtt, test.want)
		}
	}
}

// TestSizes checks that the estimate follows the sizes of replies.
func TestSizes(t *testing.T) {
	s := FirstSizes()
	for range 100 {
		s.Seen(conn.GetCFilters, 20000)
	}
	if got := s.Of(conn.GetCFilters); got < 19900 || got > 20100 {
		t.Errorf("estimate %d, want 20000", got)
	}
	if got, first := s.Of(conn.GetBlock), FirstSizes(); got != first.Of(conn.GetBlock) {
		t.Errorf("another kind changed to %d", got)
	}
}
