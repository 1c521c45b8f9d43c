package addrbook

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Guarded is a book with a lock and a clock. Its methods may be called from any goroutine, and
// none waits. Pick, Count and AnyDue call a function of the caller with the lock held.
type Guarded struct {
	now func() time.Time

	mu    sync.Mutex
	table *Book
}

// NewGuarded returns an empty book.
func NewGuarded(cfg Config, random *rand.Rand, now func() time.Time) *Guarded {
	return &Guarded{now: now, table: New(cfg, random)}
}

// Learn adds addresses that a source announces: the address of a peer, or the name of a
// seeder. It returns how many were new.
func (b *Guarded) Learn(source string, list []Announced) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Learn(source, list, b.now())
}

// Worked records that a node answers at an address, and the services it offers.
func (b *Guarded) Worked(addr string, services uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Worked(addr, services, b.now())
}

// Failed records that no node answered at an address. It counts against the address only if
// counts is set: if the network works.
func (b *Guarded) Failed(addr string, counts bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Failed(addr, counts, b.now())
}

// Forget removes an address.
func (b *Guarded) Forget(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Forget(addr)
}

// Pick returns a random address to dial, of those that are due and for which usable returns
// true. It reports false if there is none.
func (b *Guarded) Pick(kind Kind, usable func(Candidate) bool) (Candidate, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Pick(kind, b.now(), usable)
}

// Count returns for how many addresses usable returns true, due or not.
func (b *Guarded) Count(usable func(Candidate) bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Count(usable)
}

// AnyDue reports whether an address is due for which usable returns true.
func (b *Guarded) AnyDue(usable func(Candidate) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.AnyDue(b.now(), usable)
}

// AnyRecent reports whether a node has answered at some address after the given time.
func (b *Guarded) AnyRecent(after time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.AnyRecent(after)
}

// Len returns at how many addresses a node has answered, and how many are only known from
// announcements.
func (b *Guarded) Len() (tried, new int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Len()
}

// Entries returns the content of the book.
func (b *Guarded) Entries() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Entries()
}

// Restore adds entries of an earlier book that are still valid.
func (b *Guarded) Restore(entries []Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Restore(entries, b.now())
}
