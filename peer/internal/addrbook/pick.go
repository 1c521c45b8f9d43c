package addrbook

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Kind selects the addresses of the book to pick from.
type Kind uint8

// The kinds.
const (
	AnyKind    Kind = iota // tried and new ones, with the same chance
	OnlyTried              // tried ones
	OnlyNew                // new ones
	EachSource             // like AnyKind, and all sources of new ones with the same chance
)

// Candidate is an address that may be picked.
type Candidate struct {
	Addr, Host, Group string
	Tried             bool
	Standard          bool // the port is the network's own
}

// Pick returns a random address to dial, of those that are due and for which usable returns
// true. It reports false if there is none.
func (b *Book) Pick(kind Kind, now time.Time, usable func(Candidate) bool) (Candidate, bool) {
	var tried, fresh []*record
	for _, e := range b.order {
		switch {
		case kind == OnlyNew && e.tried(), kind == OnlyTried && !e.tried(), !e.due(now), e.expired(now), !usable(e.candidate()):
		case e.tried():
			tried = append(tried, e)
		default:
			fresh = append(fresh, e)
		}
	}
	if kind == EachSource {
		fresh = b.ofSeeders(untried(fresh))
	}
	heads := b.random.Uint64()&1 == 0
	switch {
	case len(tried)+len(fresh) == 0:
		return Candidate{}, false
	case kind == EachSource && len(tried) > 0 && (len(fresh) == 0 || heads):
		return slices.MinFunc(tried, func(x, y *record) int { return x.attempted.Compare(y.attempted) }).candidate(), true
	case len(fresh) == 0, len(tried) > 0 && heads:
		return b.oneOf(tried).candidate(), true
	}
	return b.oneOf(b.ofOneSource(fresh, kind == EachSource)).candidate(), true
}

// untried returns the entries that were not dialled yet, or all if all were.
func untried(entries []*record) []*record {
	rest := slices.DeleteFunc(slices.Clone(entries), func(e *record) bool { return !e.attempted.IsZero() })
	if len(rest) == 0 {
		return entries
	}
	return rest
}

// ofSeeders returns the entries that a seeder has announced, every other time and if there
// are any; else all.
func (b *Book) ofSeeders(entries []*record) []*record {
	if b.random.Uint64()&1 == 0 {
		return entries
	}
	seeded := slices.DeleteFunc(slices.Clone(entries), func(e *record) bool { return !slices.ContainsFunc(e.sources, isSeeder) })
	if len(seeded) == 0 {
		return entries
	}
	return seeded
}

// isSeeder reports whether a source is a seeder, which has a name; that of a peer is an
// address.
func isSeeder(source string) bool {
	_, err := netip.ParseAddr(source)
	return err != nil && !strings.HasPrefix(source, "tor:")
}

// candidate returns the exported form of an entry.
func (e *record) candidate() Candidate {
	return Candidate{Addr: e.addr, Host: e.host, Group: e.group, Tried: e.tried(), Standard: e.standard}
}

// ofOneSource returns the entries of one random source. The weight of a source is the number
// of network groups its addresses are in, up to the median of all sources: each group is as
// likely as another while sources are alike, and a flood counts as one usual source. With
// alike set all sources have the same weight.
func (b *Book) ofOneSource(entries []*record, alike bool) []*record {
	by := make(map[string][]*record)
	groups := make(map[[2]string]bool)
	weights := make(map[string]int)
	for _, e := range entries {
		for _, source := range e.sources {
			by[source] = append(by[source], e)
			if key := [2]string{source, e.group}; !groups[key] {
				groups[key] = true
				weights[source]++
			}
		}
	}
	sorted := slices.Sorted(maps.Values(weights))
	median, sum := sorted[len(sorted)/2], 0
	if alike {
		median = 1
	}
	for source, w := range weights {
		weights[source] = min(w, median)
		sum += weights[source]
	}
	at := b.random.IntN(sum)
	for _, source := range slices.Sorted(maps.Keys(by)) {
		if at -= weights[source]; at < 0 {
			return by[source]
		}
	}
	return nil // not reached: the weights add up to the sum
}

// oneOf returns a random entry: each network group has the same chance, and in it each host.
func (b *Book) oneOf(entries []*record) *record {
	entries = b.ofOne(entries, func(e *record) []string { return []string{e.group} })
	entries = b.ofOne(entries, func(e *record) []string { return []string{e.host} })
	return entries[b.random.IntN(len(entries))]
}

// ofOne returns the entries that share one random key; each key has the same chance.
func (b *Book) ofOne(entries []*record, keys func(*record) []string) []*record {
	by := make(map[string][]*record)
	for _, e := range entries {
		for _, key := range keys(e) {
			by[key] = append(by[key], e)
		}
	}
	sorted := slices.Sorted(maps.Keys(by))
	return by[sorted[b.random.IntN(len(sorted))]]
}

// Count returns for how many addresses usable returns true, due or not.
func (b *Book) Count(usable func(Candidate) bool) (n int) {
	for _, e := range b.order {
		if usable(e.candidate()) {
			n++
		}
	}
	return n
}

// AnyRecent reports whether a tried address has worked after the given time.
func (b *Book) AnyRecent(after time.Time) bool {
	return slices.ContainsFunc(b.order, func(e *record) bool { return e.worked.After(after) })
}

// AnyDue reports whether an address is due for which usable returns true: whether Pick would
// return one.
func (b *Book) AnyDue(now time.Time, usable func(Candidate) bool) bool {
	return slices.ContainsFunc(b.order, func(e *record) bool {
		return e.due(now) && !e.expired(now) && usable(e.candidate())
	})
}
