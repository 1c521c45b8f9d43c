package headersync

import (
	"testing"
	"time"
)

// TestTheTailFetchWaitsForTheFirstOfTwoReplies checks when a batch is requested once more, and
// that it is not while no other peer can be asked.
func TestTheTailFetchWaitsForTheFirstOfTwoReplies(t *testing.T) {
	now := time.Unix(0, 0)
	var w tailFetch
	w.restart(false, now)
	may := func(peers int, after time.Duration, want bool) {
		t.Helper()
		if got := w.mayFetch(peers, now.Add(after)); got != want {
			t.Errorf("with %d tail peers after %v, a request may be made: %v", peers, after, got)
		}
	}
	may(0, 0, false)
	may(1, 0, true)
	w.ask(now)
	may(1, time.Hour, false)
	may(2, TailPatience-1, false)
	may(2, TailPatience, true)
	w.ask(now.Add(TailPatience))
	may(2, time.Hour, false)

	now = now.Add(2 * TailPatience)
	if n := w.arrived(make([]byte, FullBatch*HeaderStride), now); n != 0 {
		t.Errorf("the first batch is number %d", n)
	}
	may(1, 0, true)
	w.ask(now)
	may(2, 4*TailPatience-1, false) // the one before took two
	may(2, 4*TailPatience, true)
}
