package progress

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// TestPropertyTheRatioOnlyFallsWhenSyncedIsLost measures a random life of samples.
func TestPropertyTheRatioOnlyFallsWhenSyncedIsLost(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		height := func(most consensus.Height) consensus.Height { return consensus.Height(random.IntN(int(most) + 1)) }
		var tracker Tracker
		now := time.Unix(0, 0)
		before := 0.0
		for range 100 {
			s := Sample{Headers: height(200), Watching: random.IntN(2) == 0, Connected: random.IntN(3) > 0}
			s.Target = max(s.Headers, height(300))
			s.Filters = height(s.Headers)
			s.Scanned = height(s.Filters)
			s.Fetching = random.IntN(2) == 0
			s.Scanning = !s.Fetching
			if random.IntN(4) == 0 {
				s.Filters, s.Scanned, s.Target, s.Synced = s.Headers, s.Headers, s.Headers, true
			}
			now = now.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
			r := tracker.Measure(s, now)
			if (r.Ratio == 1) != s.Synced || r.Ratio < 0 || r.Ratio > 1 {
				t.Fatalf("seed %d: ratio %v with synced %v", seed, r.Ratio, s.Synced)
			}
			if r.Ratio < before && before != 1 {
				t.Fatalf("seed %d: ratio fell from %v to %v", seed, before, r.Ratio)
			}
			if r.Left < 0 || r.Left > 0 && (s.Synced || !s.Connected) {
				t.Fatalf("seed %d: %v left of %+v", seed, r.Left, s)
			}
			before = r.Ratio
		}
	}
}

// TestTheRatioIsAboutThisRun resumes a sync at a block whose chain is complete until
// peers claim a longer one.
func TestTheRatioIsAboutThisRun(t *testing.T) {
	var tracker Tracker
	now := time.Unix(0, 0)
	s := Sample{Scanned: 1000, Target: 1000, Fetching: true}
	measure := func(height consensus.Height) Reading {
		now = now.Add(time.Second)
		s.Headers, s.Filters, s.Target = height, height, max(s.Target, height)
		return tracker.Measure(s, now)
	}
	if r := measure(1000); r.Ratio != 0 || r.Left != 0 {
		t.Errorf("without peers %v is done, %v left", r.Ratio, r.Left)
	}
	s.Connected, s.Target = true, 3000
	measure(1000)
	if r := measure(2000); math.Abs(r.Ratio-0.5) > 0.01 || r.Left != time.Second {
		t.Errorf("half way %v is done, %v left", r.Ratio, r.Left)
	}
	s.Connected, s.Target = false, 2000
	if r := measure(2000); math.Abs(r.Ratio-0.5) > 0.01 || r.Left != 0 {
		t.Errorf("when the peer is gone %v is done, %v left", r.Ratio, r.Left)
	}
	s.Connected, s.Target = true, 3000
	if r := measure(2900); math.Abs(r.Ratio-0.95) > 0.01 {
		t.Errorf("later %v is done", r.Ratio)
	}
}

// TestTheRatioIsNoLessThanAReaderWasShown loses being synced after a reader has found it out.
func TestTheRatioIsNoLessThanAReaderWasShown(t *testing.T) {
	var tracker Tracker
	s := Sample{Headers: 1000, Filters: 1000, Scanned: 1000, Target: 1000, Watching: true, Connected: true, Synced: true}
	tracker.Measure(s, time.Unix(0, 0))
	s.Scanned, s.Synced, s.Least = 0, false, 0.995
	if r := tracker.Measure(s, time.Unix(1, 0)); r.Ratio != 0.995 {
		t.Errorf("after 0.995 was shown the ratio is %v", r.Ratio)
	}
}
