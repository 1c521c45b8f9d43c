package dialing

import (
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// TestBackoff checks the pauses: doubling, bounded, jittered, long after a refusal, and short
// again after a long connection.
func TestBackoff(t *testing.T) {
	b := Backoff{Min: time.Second, Max: 30 * time.Second, Refused: time.Hour}
	for i, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
		want := time.Duration(seconds) * time.Second / 2
		if got := b.After(fault.DialFailed, 0, 0); got != want {
			t.Errorf("pause %d: %v at least, want %v", i, got, want)
		}
	}
	half := uint64(15 * time.Second)
	if got := b.After(fault.DialFailed, 0, half); got != 30*time.Second {
		t.Errorf("%v at most", got)
	}
	if got := b.After(fault.OldVersion, 0, 0); got != time.Hour/2 {
		t.Errorf("%v after a refusal", got)
	}
	if got := b.After(fault.Straggler, Stable, 0); got != 15*time.Second {
		t.Errorf("%v after a straggler", got)
	}
	if got := b.After(fault.ClosedByPeer, Stable, 0); got != time.Second/2 {
		t.Errorf("%v after a long life", got)
	}
	if got := b.After(fault.ClosedByPeer, Stable-1, 0); got != time.Second {
		t.Errorf("%v after a short life", got)
	}
}
