package outbound

import (
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/roster"
)

// metLately is how recently a node must have answered at an address for seeders to be probably
// unnecessary.
const metLately = 7 * 24 * time.Hour

// search is the caller's need for other peers. The zero value means that there is no need.
type search struct {
	reason string    // of the caller; empty if none are needed
	since  time.Time // when the need began
}

// Seek begins a search for other peers: connections to peers in further network groups are made, in
// addition to the wanted ones, until Seek is called with an empty reason.
func (c *Connections) Seek(reason string) {
	defer c.Poke()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case reason == "" && c.search.reason != "":
		c.deps.Log.Info("Stopped looking for other peers", "after", time.Since(c.search.since).Round(time.Second))
		c.search = search{}
	case reason != "" && c.search.reason == "":
		c.deps.Log.Info("Looking for other peers", "reason", reason)
		c.search = search{reason, time.Now()}
	case reason != "":
		c.search.reason = reason
	}
}

// NewBlock records that a peer has sent a new block of the best chain: peers that had no newer
// blocks than the others may have some now.
func (c *Connections) NewBlock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.choice.newBlock()
}

// SeedNeed returns the state by which package dialing decides whether to ask seeders. Now is the
// time by the clock of the book.
func (c *Connections) SeedNeed(now time.Time) dialing.Need {
	need := dialing.Need{Recent: c.deps.Book.AnyRecent(now.Add(-metLately))}
	c.mu.Lock()
	defer c.mu.Unlock()
	live := 0
	for _, p := range c.deps.Roster.Live() {
		need.Connected = true
		if p.Role() == roster.Outbound {
			live++
		}
	}
	usable := c.usableLocked(time.Now())
	need.Missing = live < c.deps.Wanted
	need.Searching = c.search.reason != ""
	need.Dialable = len(c.slots) > live || c.deps.Book.AnyDue(func(to addrbook.Candidate) bool { return usable.free(to.Addr, to.Host) })
	return need
}

// Exhausted reports whether no address of the book could be dialled, due or not: all are banned or
// in use.
func (c *Connections) Exhausted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	usable := c.usableLocked(time.Now())
	return c.deps.Book.Count(func(to addrbook.Candidate) bool { return usable.free(to.Addr, to.Host) }) == 0
}
