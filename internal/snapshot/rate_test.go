package snapshot

import (
	"errors"
	"testing"
	"time"
)

// TestRate: a source is judged after each minute in which it was waited for, by what came since it
// was judged last.
func TestRate(t *testing.T) {
	const enough = leastRate * 60
	for _, tt := range []struct {
		name  string
		waits []time.Duration
		bytes []int64 // before the end of each
		slow  int     // the index of the wait that is too slow, or -1
	}{
		{"just enough", []time.Duration{time.Minute, time.Minute}, []int64{enough, enough}, -1},
		{"too little", []time.Duration{time.Minute}, []int64{enough - 1}, 0},
		{"in small parts", []time.Duration{59 * time.Second, time.Second}, []int64{0, enough}, -1},
		{"not judged yet", []time.Duration{59 * time.Second}, []int64{0}, -1},
		{"much at first", []time.Duration{time.Minute, time.Minute}, []int64{100 * enough, 0}, 1},
		{"a long wait", []time.Duration{2 * time.Minute}, []int64{enough}, 0},
		{"while nothing was waited for", []time.Duration{0, 0, time.Minute}, []int64{enough, 0, 0}, -1},
	} {
		var r rate
		slow := -1
		for i, d := range tt.waits {
			r.read.Add(tt.bytes[i])
			if err := r.waitedFor(d); err != nil && slow < 0 {
				slow = i
				if !errors.Is(err, ErrSlow) {
					t.Errorf("%s: %v", tt.name, err)
				}
			}
		}
		if slow != tt.slow {
			t.Errorf("%s: wait %d is too slow, want %d", tt.name, slow, tt.slow)
		}
	}
}
