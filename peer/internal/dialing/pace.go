package dialing

import "time"

// Limits on dials: burst at once, and one more per interval. No minute has more than burst +
// 60 s / interval = 46.
const (
	burst    = 16
	interval = 2 * time.Second
)

// Pace limits the rate of dials. The zero value has been idle for long. It is a plain value:
// its owner guards it.
type Pace struct {
	full time.Time // when the whole burst is available again
}

// Reserve reserves the next dial, and returns how long to wait for it.
func (p *Pace) Reserve(now time.Time) time.Duration {
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(interval)
	return max(p.full.Sub(now)-burst*interval, 0)
}
