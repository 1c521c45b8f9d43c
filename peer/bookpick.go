package peer

import (
	"maps"
	"slices"
)

// preference is which addresses of the book to pick from.
type preference uint8

const (
	anyAddress preference = iota // tested and untested ones, as often
	onlyTested
	onlyUntested
)

// Pick returns an address to dial at random, of those that it makes sense to dial
// now. Usable decides about an address and its network group. It reports false if
// there is none.
func (b *Book) Pick(prefer preference, usable func(addr, group string) bool) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	tested := b.list(func(e *entry) bool {
		return prefer != onlyUntested && e.tested() && e.due(now) && usable(e.addr, e.group)
	})
	untested := b.list(func(e *entry) bool {
		return prefer != onlyTested && !e.tested() && e.due(now) && usable(e.addr, e.group)
	})
	heads := b.rand.Uint64()&1 == 0
	switch {
	case len(tested) == 0 && len(untested) == 0:
		return "", false
	case len(untested) == 0, len(tested) > 0 && heads:
		return b.oneOf(tested).addr, true
	}
	return b.oneOf(b.ofOneSource(untested)).addr, true
}

// ofOneSource returns the entries of one source, each source as likely as another.
func (b *Book) ofOneSource(entries []*entry) []*entry {
	return b.ofOne(entries, func(e *entry) string { return e.source })
}

// oneOf returns an entry, each network group as likely as another.
func (b *Book) oneOf(entries []*entry) *entry {
	entries = b.ofOne(entries, func(e *entry) string { return e.group })
	return entries[b.rand.IntN(len(entries))]
}

// ofOne returns the entries that share one value of a key, each value as likely as
// another.
func (b *Book) ofOne(entries []*entry, key func(*entry) string) []*entry {
	by := make(map[string][]*entry)
	for _, e := range entries {
		by[key(e)] = append(by[key(e)], e)
	}
	keys := slices.Sorted(maps.Keys(by))
	return by[keys[b.rand.IntN(len(keys))]]
}
