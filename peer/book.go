package peer

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Limits on what a book holds. An address costs about 200 bytes.
const (
	maxTested   = 1024 // addresses that a node was met at
	maxUntested = 4096 // addresses that were only heard of
	maxOfSource = 256  // of these from one source
	maxOfGroup  = 64   // of these in one network group
)

// Book holds the addresses of nodes. Those that a node was met at are kept apart
// from those that were only heard of, and what was heard is counted against the
// network group of whoever told it:
//
//   - Addresses that were heard of never displace one that a node was met at.
//   - One source has a bounded number of addresses in the book. What it tells
//     beyond that displaces what it told before; in a full book the source with the
//     most addresses makes room.
//   - An address that was only heard of is picked by picking a source first, all
//     alike, then a network group, then the address: telling more addresses does not
//     make it likelier that one of them is dialled.
//
// All methods may be called from any goroutine. None waits.
type Book struct {
	local bool // addresses need not be routed publicly
	now   func() time.Time

	mu      sync.Mutex
	rand    *rand.Rand
	entries map[string]*entry // by address
	order   []*entry          // the same, in an order that follows from what was done
	sources map[string]int    // the number of untested addresses by source
	groups  map[string]int    // and by network group
}

// NewBook returns an empty book. With local set it also takes addresses that are
// not routed publicly, as simulation networks have them. The clock and the source
// of randomness are those of a pool.
func NewBook(local bool, now func() time.Time, random func() uint64) *Book {
	return &Book{
		local:   local,
		now:     now,
		rand:    rand.New(rand.NewPCG(random(), random())),
		entries: make(map[string]*entry),
		sources: make(map[string]int),
		groups:  make(map[string]int),
	}
}

// Learn takes addresses that somebody told. The source is the address of who it
// was, or a name. It returns how many were new.
func (b *Book) Learn(source string, told []Told) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	source, now := groupOf(source), b.now()
	added := 0
	for _, t := range told {
		if !dialable(t.Addr, b.local) || now.Sub(t.Seen) > maxAge || b.entries[t.Addr] != nil {
			continue
		}
		e := &entry{addr: t.Addr, group: groupOf(t.Addr), source: source, services: t.Services, added: now}
		if b.makeRoom(e, now) {
			b.add(e)
			added++
		}
	}
	return added
}

// add adds an entry for a new address.
func (b *Book) add(e *entry) {
	b.entries[e.addr] = e
	e.index = len(b.order)
	b.order = append(b.order, e)
	b.count(e, 1)
}

// remove removes an entry.
func (b *Book) remove(e *entry) {
	delete(b.entries, e.addr)
	last := b.order[len(b.order)-1]
	b.order[e.index], last.index = last, e.index
	b.order = b.order[:len(b.order)-1]
	b.count(e, -1)
}

// count keeps the numbers of untested addresses.
func (b *Book) count(e *entry, n int) {
	if e.tested() {
		return
	}
	tally(b.sources, e.source, n)
	tally(b.groups, e.group, n)
}

// tally changes a count, and forgets it when nothing is left.
func tally(counts map[string]int, key string, n int) {
	counts[key] += n
	if counts[key] == 0 {
		delete(counts, key)
	}
}

// untested returns the number of untested addresses.
func (b *Book) untested() (n int) {
	for _, of := range b.sources {
		n += of
	}
	return n
}

// makeRoom makes sure that one more untested address has its place, and reports
// false if it has none.
func (b *Book) makeRoom(e *entry, now time.Time) bool {
	switch {
	case b.sources[e.source] >= maxOfSource:
		return b.displace(now, func(o *entry) bool { return o.source == e.source })
	case b.groups[e.group] >= maxOfGroup:
		return b.displace(now, func(o *entry) bool { return o.source == e.source && o.group == e.group })
	case b.untested() >= maxUntested:
		greediest := largest(b.sources)
		return b.displace(now, func(o *entry) bool { return o.source == greediest })
	}
	return true
}

// largest returns the key with the largest count, of equals the first in order.
func largest(counts map[string]int) (key string) {
	for k, n := range counts {
		if n > counts[key] || n == counts[key] && k < key {
			key = k
		}
	}
	return key
}

// displace removes one untested address of those that fit: a hopeless one, or
// else any of them. It reports false if there is none.
func (b *Book) displace(now time.Time, fits func(*entry) bool) bool {
	victims := b.list(func(e *entry) bool { return !e.tested() && fits(e) })
	if len(victims) == 0 {
		return false
	}
	victim := victims[b.rand.IntN(len(victims))]
	if i := slices.IndexFunc(victims, func(e *entry) bool { return e.hopeless(now) }); i >= 0 {
		victim = victims[i]
	}
	b.remove(victim)
	return true
}

// list returns the entries that fit.
func (b *Book) list(fits func(*entry) bool) []*entry {
	var out []*entry
	for _, e := range b.order {
		if fits(e) {
			out = append(out, e)
		}
	}
	return out
}

// Worked notes that a node was met at an address, and what it offers.
func (b *Book) Worked(addr string, services uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !dialable(addr, b.local) {
		return // a name, for which only the user can vouch
	}
	now := b.now()
	e := &entry{addr: addr, group: groupOf(addr), source: groupOf(addr), added: now}
	if known := b.entries[addr]; known != nil {
		b.remove(known)
		e.source, e.added = known.source, known.added
	}
	e.services, e.tried, e.worked = services, now, now
	b.add(e)
	if tested := b.list((*entry).tested); len(tested) > maxTested {
		oldest := slices.MinFunc(tested, func(x, y *entry) int { return x.worked.Compare(y.worked) })
		b.remove(oldest)
	}
}

// Failed notes that no node was met at an address. It does not count against it
// unless the network works, as other connections show.
func (b *Book) Failed(addr string, counts bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[addr]
	if e == nil {
		return
	}
	e.tried = b.now()
	if counts {
		e.failures++
	}
	if e.hopeless(e.tried) {
		b.remove(e)
	}
}

// Forget removes an address.
func (b *Book) Forget(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[addr]; e != nil {
		b.remove(e)
	}
}

// Count returns how many addresses are usable in the eyes of the caller.
func (b *Book) Count(usable func(addr string) bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.list(func(e *entry) bool { return usable(e.addr) }))
}

// Len returns how many addresses a node was met at, and how many were only heard
// of.
func (b *Book) Len() (tested, untested int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	untested = b.untested()
	return len(b.order) - untested, untested
}
