package dialing

import "time"

// How long connections have to be missing before seeders are asked, and the pauses
// between two times.
const (
	graceUsual   = 90 * time.Second // with addresses of nodes that were met lately
	graceUnknown = 10 * time.Second // without
	graceSearch  = time.Minute      // while other peers are looked for
	searchAgain  = 10 * time.Minute // after an earlier time, when a search for others begins

	firstPause = 2 * time.Minute  // doubles each time,
	maxPause   = 4 * time.Hour    // up to this
	maxFailing = 10 * time.Minute // or this, while no seeder answers and there is no peer

	forgetAfter = time.Hour // of having all connections: the pauses begin from the first
)

// Seeding is when seeders were asked. The zero value is before the first time.
type Seeding struct {
	missing  time.Time // since when connections are missing; zero if none are
	complete time.Time // since when none are missing; zero if some are
	asked    time.Time // zero before the first time
	pause    time.Duration
	attempts int // without all connections for an hour in between

	searching bool // at the last decision
}

// Need is why seeders may have to be asked.
type Need struct {
	Missing   bool // connections are missing
	Connected bool // there is a connection
	Dialable  bool // an address of the book can be dialled now, or is
	Recent    bool // a node was met lately at an address of the book
	Searching bool // peers other than the connected ones are looked for
}

// Due reports whether seeders are to be asked now.
func (s *Seeding) Due(need Need, now time.Time) bool {
	if need.Searching && !s.searching && now.Sub(s.asked) >= searchAgain {
		s.pause, s.attempts, s.missing = 0, min(s.attempts, 3), now // once soon, then after longer than this
	}
	s.searching = need.Searching
	if !need.Missing && !need.Searching {
		s.missing = time.Time{}
		if s.complete.IsZero() {
			s.complete = now
		}
		if now.Sub(s.complete) >= forgetAfter {
			s.attempts = 0
		}
		return false
	}
	s.complete = time.Time{}
	if s.missing.IsZero() {
		s.missing = now
	}
	grace := graceUsual
	switch {
	case !need.Dialable && need.Missing:
		grace = 0
	case !need.Recent && need.Missing:
		grace = graceUnknown
	case need.Searching:
		grace = graceSearch
	}
	if now.Sub(s.missing) < grace {
		return false
	}
	return s.asked.IsZero() || s.attempts == 0 || now.Sub(s.asked) >= s.pause
}

// Asked records that seeders were asked and whether any has answered. Jitter returns a
// duration between half of its argument and all of it.
func (s *Seeding) Asked(now time.Time, answered, connected bool, jitter func(time.Duration) time.Duration) {
	most := maxPause
	if !answered && !connected {
		most = maxFailing
	}
	s.asked = now
	s.pause = jitter(min(firstPause<<min(s.attempts, 10), most))
	s.attempts++
}
