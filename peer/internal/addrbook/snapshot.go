package addrbook

import (
	"slices"
	"strings"
	"time"
)

// Entry is the record of one address that is kept across restarts. Zero times mean never.
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

// Entries returns the content of the book, in the order of addresses.
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

// Restore adds entries of an earlier book, as far as they are valid and the limits allow: a
// file may have been edited, or the clock changed.
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

// past returns t, or now if t is later.
func past(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}
