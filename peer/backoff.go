package peer

import (
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// stable is how long a connection must have lived for earlier failures to be forgotten.
const stable = time.Minute

// backoff is the pause before an address is dialled again. It is a plain value
// without a clock of its own.
type backoff struct {
	min, max time.Duration // of the pause after a failure that may pass
	refused  time.Duration // the pause after a failure that most likely lasts

	pause time.Duration // the last one, before jitter; zero without failures
}

// after returns the pause after a connection that ended for a reason, having lived for a
// time. The pause doubles with every failure in a row, and is jittered over its upper half,
// so that peers that disconnected together are not dialled together.
func (b *backoff) after(why fault.Reason, lived time.Duration, random uint64) time.Duration {
	if lived >= stable && why != fault.Straggler {
		b.pause = 0
	}
	b.pause = min(max(2*b.pause, b.min), b.max)
	pause := b.pause
	if !why.Transient() {
		pause = b.refused
	}
	return jitter(pause, random)
}
