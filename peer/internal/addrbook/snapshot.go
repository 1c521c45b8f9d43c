package addrbook

import (
	"slices"
	"strings"
	"time"
)

// Entry is what a book keeps of one address across restarts. Zero times mean never.
type Entry struct {
	Addr      string
	Sources   []string // network groups and "name:" with the names of seeders; empty for a tried address
	Services  uint64
	Added     time.Time
	Heard     time.Time // last announced
	Attempted time.Time // last dialled
	Worked    time.Time // last known to work
	Failures  int       // in a row
}

// Entries returns all that the book knows, in the order of addresses.
func (b *Book) Entries() []Entry {
	out := make([]Entry, len(b.order))
	for i, e := range b.order {
		out[i] = Entry{
			Addr: e.addr, Sources: slices.Clone(e.sources), Services: e.services, Added: e.added, Heard: e.heard,
			Attempted: e.attempted, Worked: e.worked, Failures: e.failures,
		}
	}
	slices.SortFunc(out, func(x, y Entry) int { return strings.Compare(x.Addr, y.Addr) })
	return out
}

// Restore adds what Entries returned, as far as it makes sense and the limits allow: a file
// may have been edited, or the clock changed.
func (b *Book) Restore(entries []Entry, now time.Time) {
	for _, f := range entries {
		addr, ok := b.Accepts(f.Addr)
		if !ok || b.all[addr] != nil {
			continue
		}
		e := b.newEntry(addr, now)
		e.services, e.failures = f.Services, max(f.Failures, 0)
		e.added, e.heard = past(f.Added, now), past(f.Heard, now)
		e.attempted, e.worked = past(f.Attempted, now), past(f.Worked, now)
		switch {
		case e.expired(now):
		case e.tried():
			if b.triedHosts[e.host] == nil {
				b.addTried(e, now)
			}
		case len(f.Sources) > 0:
			e.sources = f.Sources[:1:1]
			if !b.insert(e, now) {
				continue
			}
			for _, s := range f.Sources[1:min(len(f.Sources), MaxSources)] {
				b.share(e, s)
			}
		}
	}
}

// past returns a time, at most now.
func past(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}
