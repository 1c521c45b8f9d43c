package peer

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// book is the address book of a pool: the table of package addrbook with a lock and a
// clock. All methods may be called from any goroutine; none waits.
type book struct {
	now func() time.Time

	mu    sync.Mutex
	table *addrbook.Book
}

// newBook returns an empty book for a complete configuration. On a simulation network it
// accepts addresses that are not routed publicly, and treats all ports alike.
func newBook(cfg *Config) *book {
	what := addrbook.Config{Onion: cfg.Onion}
	if cfg.Params.Net == wire.SimNet {
		what.Local = true
	} else if port, err := strconv.ParseUint(cfg.Params.DefaultPort, 10, 16); err == nil {
		what.Port = uint16(port)
	}
	random := rand.New(rand.NewPCG(cfg.Rand(), cfg.Rand()))
	return &book{now: cfg.Now, table: addrbook.New(what, random)}
}

// Learn adds addresses that a source announces: the address of a peer, or the name of a
// seeder. It returns how many were new.
func (b *book) Learn(source string, list []addrbook.Announced) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Learn(source, list, b.now())
}

// Worked records that a node answers at an address, and the services it offers.
func (b *book) Worked(addr string, services uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Worked(addr, services, b.now())
}

// Failed records that no node answered at an address. It counts against the address only if
// counts is set: if the network works.
func (b *book) Failed(addr string, counts bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Failed(addr, counts, b.now())
}

// Forget removes an address.
func (b *book) Forget(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Forget(addr)
}

// Pick returns a random address to dial, of those that are due and for which usable returns
// true. It reports false if there is none.
func (b *book) Pick(kind addrbook.Kind, usable func(addrbook.Candidate) bool) (addrbook.Candidate, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Pick(kind, b.now(), usable)
}

// Count returns for how many addresses usable returns true, due or not.
func (b *book) Count(usable func(addrbook.Candidate) bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Count(usable)
}

// AnyDue reports whether an address is due for which usable returns true.
func (b *book) AnyDue(usable func(addrbook.Candidate) bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.AnyDue(b.now(), usable)
}

// AnyRecent reports whether a node has answered at some address after the given time.
func (b *book) AnyRecent(after time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.AnyRecent(after)
}

// Len returns at how many addresses a node has answered, and how many are only known from
// announcements.
func (b *book) Len() (tried, new int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Len()
}

// entries returns the content of the book.
func (b *book) entries() []addrbook.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.table.Entries()
}

// restore adds entries of an earlier book that are still valid.
func (b *book) restore(entries []addrbook.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.Restore(entries, b.now())
}
