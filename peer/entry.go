package peer

import "time"

// How long to wait before an address is dialled again.
const (
	firstRest = time.Minute   // after one failure; doubles with each
	maxRest   = 4 * time.Hour // at most
)

// When an address is given up.
const (
	maxNeverWorked = 4                   // failures of one that never worked
	maxFailures    = 12                  // failures in a row of one that did
	maxAge         = 30 * 24 * time.Hour // since it last worked or was added
)

// entry is what the book knows about one address. It is a plain value without a
// clock of its own.
type entry struct {
	index int // in the order of the book

	addr     string
	group    string
	source   string // the group of whoever told it first
	services uint64
	added    time.Time
	tried    time.Time // last dialled; zero if never
	worked   time.Time // last got through a handshake; zero if never
	failures int       // in a row
}

// tested reports whether a node was met at the address.
func (e *entry) tested() bool { return !e.worked.IsZero() }

// due reports whether it makes sense to dial the address now.
func (e *entry) due(now time.Time) bool {
	if e.tried.IsZero() || e.failures == 0 {
		return true
	}
	rest := min(firstRest<<min(e.failures-1, 10), maxRest)
	return now.Sub(e.tried) >= rest || now.Before(e.tried)
}

// hopeless reports whether nothing is to be expected of the address any more.
func (e *entry) hopeless(now time.Time) bool {
	switch {
	case !e.tested():
		return e.failures >= maxNeverWorked || now.Sub(e.added) > maxAge
	default:
		return e.failures >= maxFailures && now.Sub(e.worked) > maxAge/4 || now.Sub(e.worked) > maxAge
	}
}
