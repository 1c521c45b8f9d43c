package dialing

import "time"

// How long connections have to be missing before seeders are asked, and the pauses between
// requests.
const (
	graceUsual   = 90 * time.Second // with addresses of nodes that have answered recently
	graceUnknown = 10 * time.Second // without
	graceSearch  = time.Minute      // during a search for other peers
	searchAgain  = 10 * time.Minute // after the last request, when a search begins

	firstPause = 2 * time.Minute  // doubles with each request,
	maxPause   = 4 * time.Hour    // up to this
	maxFailing = 10 * time.Minute // or this without a peer, while no seeder answers,
	maxAlone   = 15 * time.Minute // or this without a peer: what seeders name may be dead, too;
	maxLonely  = time.Hour        // or this, after
	manyAlone  = 16               // requests

	forgetAfter = time.Hour // with all connections, after which the pauses restart with the first
)

// Seeding records when seeders were asked. The zero value is before the first request.
type Seeding struct {
	missing  time.Time // since when connections are missing; zero if none are
	complete time.Time // since when none are missing; zero if some are
	asked    time.Time // zero before the first request
	pause    time.Duration
	alone    time.Duration // the pause while there is no peer
	attempts int           // since there were all connections for an hour

	searching bool // at the last decision
}

// Need is the state that decides whether seeders are asked.
type Need struct {
	Missing   bool // connections are missing
	Connected bool // there is a connection
	Dialable  bool // an address of the book can be dialled now, or is
	Recent    bool // a node has answered recently at an address of the book
	Searching bool // a search for other peers is running
}

// Due reports whether seeders are to be asked now.
func (s *Seeding) Due(need Need, now time.Time) bool {
	if need.Searching && !s.searching && now.Sub(s.asked) >= searchAgain {
		s.pause, s.alone, s.attempts, s.missing = 0, 0, min(s.attempts, 3), now // the first request soon
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
	pause := s.pause
	if !need.Connected { // also if the peers were lost after the last request
		pause = s.alone
	}
	return s.asked.IsZero() || s.attempts == 0 || now.Sub(s.asked) >= pause
}

// Asked records that seeders were asked and whether any has answered. Jitter returns a
// duration between half of its argument and all of it.
func (s *Seeding) Asked(now time.Time, answered bool, jitter func(time.Duration) time.Duration) {
	pause, alone := firstPause<<min(s.attempts, 10), maxAlone
	switch {
	case !answered:
		alone = maxFailing
	case s.attempts >= manyAlone:
		alone = maxLonely
	}
	s.asked = now
	s.pause, s.alone = jitter(min(pause, maxPause)), jitter(min(pause, alone))
	s.attempts++
}
