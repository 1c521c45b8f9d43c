package misbehavior

import "time"

// PardonAfter is how long only banned peers are left until a ban is lifted, and then how long
// until the next.
const PardonAfter = 10 * time.Minute

// Isolation is since when only banned peers are left. It is a plain value; the zero value means
// that there are others.
type Isolation struct {
	since time.Time
}

// PardonDue reports whether a ban is to be lifted, given whether only banned peers are left now:
// when that has been so for PardonAfter, and again after the same time. Proofs convict the bytes
// that came from an address, and an attacker on the line to all of them can forge these. One more
// chance now and then costs little, because all that a peer sends is proven again.
func (i *Isolation) PardonDue(isolated bool, now time.Time) bool {
	switch {
	case !isolated:
		i.since = time.Time{}
	case i.since.IsZero():
		i.since = now
	case now.Sub(i.since) >= PardonAfter:
		i.since = now
		return true
	}
	return false
}
