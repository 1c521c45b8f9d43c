package addrbook

import (
	"slices"
	"time"
)

// record is what is known about one address.
type record struct {
	addr, host, group string
	standard          bool     // the port is the network's
	services          uint64   // claimed
	sources           []string // of a new address: at least one, at most MaxSources
	added             time.Time
	heard             time.Time // last announced
	attempted         time.Time // last dialled; zero if never
	worked            time.Time // last known to work; zero if never
	failures          int       // in a row

	index int // in Book.all
}

// tried reports whether a handshake has succeeded at the address.
func (e *record) tried() bool { return !e.worked.IsZero() }

// due reports whether the address may be dialled again now.
func (e *record) due(now time.Time) bool {
	if e.attempted.IsZero() || e.failures == 0 {
		return true
	}
	rest := min(firstRest<<min(e.failures-1, 10), maxRest)
	return now.Sub(e.attempted) >= rest || now.Before(e.attempted)
}

// expired reports whether the address is too old or has failed too often to be kept.
func (e *record) expired(now time.Time) bool {
	if !e.tried() {
		return e.failures >= maxNewFailures || now.Sub(e.heard) > MaxAge
	}
	age := now.Sub(e.worked)
	return e.failures >= maxTriedFailures && age > MaxAge/4 || age > MaxAge
}

// badness is compared by evictions, the most important number first: greater is worse.
type badness [5]int

// worse reports whether b is worse than c.
func (b badness) worse(c badness) bool { return slices.Compare(b[:], c[:]) > 0 }

// badness returns how bad a new address is.
func (b *Book) badness(e *record, now time.Time) badness {
	crowd := len(b.hosts.of(e.host))
	if b.all[e.addr] != e {
		crowd++ // the entry itself, which is not yet in the book
	}
	return badness{
		oneIf(e.expired(now)),
		e.failures,
		oneIf(crowd > 1),
		oneIf(!e.standard),
		b.greed(e),
	}
}

// greed returns the number of addresses of the source that has fewest, among the sources of a
// new address.
func (b *Book) greed(e *record) int {
	least := MaxOfSource
	for _, s := range e.sources {
		least = min(least, len(b.sources.of(s)))
	}
	return least
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
