package dialing

import (
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// Stable is how long a connection must have lived for earlier failures to be forgotten.
const Stable = time.Minute

// Backoff is the pause before an address is dialled again. It is a plain value.
type Backoff struct {
	Min, Max time.Duration // of the pause after a failure that may pass
	Refused  time.Duration // the pause after a failure that most likely lasts

	pause time.Duration // the last one, before jitter; zero without failures
}

// After returns the pause after a connection that ended for a reason, having lived for a time.
// The pause doubles with every failure in a row, and is jittered over its upper half, so that
// peers that disconnected together are not dialled together.
func (b *Backoff) After(why fault.Reason, lived time.Duration, random uint64) time.Duration {
	if lived >= Stable && why != fault.Straggler {
		b.pause = 0
	}
	b.pause = min(max(2*b.pause, b.Min), b.Max)
	pause := b.pause
	if !why.Transient() {
		pause = b.Refused
	}
	return Jitter(pause, random)
}

// Jitter returns a duration from the upper half of d.
func Jitter(d time.Duration, random uint64) time.Duration {
	half := d / 2
	return half + time.Duration(random%uint64(half+1))
}
