package addrbook

import (
	"slices"
	"time"
)

// entry is what the book knows about one address.
type entry struct {
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
func (e *entry) tried() bool { return !e.worked.IsZero() }

// due reports whether it makes sense to dial the address now.
func (e *entry) due(now time.Time) bool {
	if e.attempted.IsZero() || e.failures == 0 {
		return true
	}
	rest := min(firstRest<<min(e.failures-1, 10), maxRest)
	return now.Sub(e.attempted) >= rest || now.Before(e.attempted)
}

// expired reports whether nothing is to be expected of the address any longer.
func (e *entry) expired(now time.Time) bool {
	if !e.tried() {
		return e.failures >= maxNewFailures || now.Sub(e.heard) > MaxAge
	}
	age := now.Sub(e.worked)
	return e.failures >= maxTriedFailures && age > MaxAge/4 || age > MaxAge
}

// badness is what evictions compare, the most important first: greater is worse.
type badness [5]int

// worse reports whether b is worse than c.
func (b badness) worse(c badness) bool { return slices.Compare(b[:], c[:]) > 0 }

// badness returns how bad a new address is.
func (b *Book) badness(e *entry, now time.Time) badness {
	crowd := len(b.hosts.of(e.host))
	if b.all[e.addr] != e {
		crowd++ // it is about to come
	}
	return badness{
		oneIf(e.expired(now)),
		e.failures,
		oneIf(crowd > 1),
		oneIf(!e.standard),
		b.greed(e),
	}
}

// greed returns how many addresses the most modest source of a new address has.
func (b *Book) greed(e *entry) int {
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
