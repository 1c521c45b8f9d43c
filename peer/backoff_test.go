package peer

import (
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// TestBackoff checks the pauses: doubling, bounded, jittered, long after a refusal, and short
// again after a long connection.
func TestBackoff(t *testing.T) {
	b := backoff{min: time.Second, max: 30 * time.Second, refused: time.Hour}
	for i, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
		want := time.Duration(seconds) * time.Second / 2
		if got := b.after(fault.DialFailed, 0, 0); got != want {
			t.Errorf("pause %d: %v at least, want %v", i, got, want)
		}
	}
	half := uint64(15 * time.Second)
	if got := b.after(fault.DialFailed, 0, half); got != 30*time.Second {
		t.Errorf("%v at most", got)
	}
	if got := b.after(fault.OldVersion, 0, 0); got != time.Hour/2 {
		t.Errorf("%v after a refusal", got)
	}
	if got := b.after(fault.Straggler, stable, 0); got != 15*time.Second {
		t.Errorf("%v after a straggler", got)
	}
	if got := b.after(fault.ClosedByPeer, stable, 0); got != time.Second/2 {
		t.Errorf("%v after a long life", got)
	}
	if got := b.after(fault.ClosedByPeer, stable-1, 0); got != time.Second {
		t.Errorf("%v after a short life", got)
	}
}
