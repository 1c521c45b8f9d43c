package serve

import "time"

// budget is what a client may use of something: a burst at once, and a rate after that. What is
// taken beyond it is owed, so that the average keeps to the rate however much is taken at a time.
type budget struct {
	left float64
	at   time.Time // of left
}

// full returns a budget of which nothing was taken.
func full(burst float64, now time.Time) budget { return budget{left: burst, at: now} }

// refill adds what has become free by now, and reports whether nothing is missing.
func (b *budget) refill(burst, rate float64, now time.Time) bool {
	b.left = min(burst, b.left+rate*now.Sub(b.at).Seconds())
	b.at = now
	return b.left >= burst
}

// take takes an amount, and returns how long to wait before it is used.
func (b *budget) take(amount, burst, rate float64, now time.Time) time.Duration {
	b.refill(burst, rate, now)
	b.left -= amount
	if b.left >= 0 {
		return 0
	}
	return time.Duration(-b.left / rate * float64(time.Second))
}

// has reports whether an amount can be taken without a wait.
func (b *budget) has(amount, burst, rate float64, now time.Time) bool {
	b.refill(burst, rate, now)
	return b.left >= amount
}
