package page

import (
	"strings"
	"testing"
	"time"
)

// TestRateLine: the line begins with the second rate, is as high as the largest one, and has the
// newest samples.
func TestRateLine(t *testing.T) {
	var r rates
	now := time.Unix(1000, 0)
	add := func(total uint64) { // after five seconds
		r.add(now, total)
		now = now.Add(samplePace)
	}
	for _, total := range []uint64{5000, 5000, 15_000} {
		if r.line() != nil {
			t.Fatalf("a line of %d rates", len(r.list))
		}
		add(total)
	}
	add(20_000)
	got := *r.line()
	if want := (rateLine{Points: "0,47.0 300,1.0 600,24.0", Now: 1000, Most: 2000, Seconds: 15}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for range mostSamples {
		add(20_000)
	}
	got = *r.line()
	if n := len(strings.Fields(got.Points)); n != mostSamples || got.Now != 0 || got.Most != 1 || got.Seconds != 600 {
		t.Errorf("%d points, %+v", n, got)
	}
}
