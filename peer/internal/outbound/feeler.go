package outbound

import (
	"context"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
)

// How often an untested address is tested, jittered over its upper half; the second where bytes are
// to be saved.
const (
	feelerEvery  = 4 * time.Minute
	seldomFeeler = 8 * feelerEvery
)

// feel tests an address now and then, while there are peers, so that the book has tested ones when
// a peer is lost.
func (c *Connections) feel(ctx context.Context) {
	every := feelerEvery
	if c.deps.LowBandwidth {
		every = seldomFeeler
	}
	for c.deps.Network.Pause(ctx, dialing.Jitter(every, c.deps.Rand())) {
		if to, ok := c.chooseFeeler(); ok {
			c.deps.Test(ctx, to.Addr)
			c.release(to.Host)
		}
	}
}

// chooseFeeler returns an address to test, whose host is in use until release; false if there is
// none.
func (c *Connections) chooseFeeler() (addrbook.Candidate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deps.Roster.Empty() || c.search.reason != "" { // a search tests addresses itself
		return addrbook.Candidate{}, false
	}
	now := time.Now()
	to, ok := c.deps.Book.Pick(addrbook.OnlyNew, c.usableLocked(now).inSomeGroup)
	if !ok {
		return to, false
	}
	if !to.Standard {
		c.choice.oddPortAt = now
	}
	c.choice.testing[to.Host] = true
	return to, true
}

// release marks a host as no longer in use by a test.
func (c *Connections) release(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.choice.testing, host)
}

// Testing reports whether an address of a host is being tested.
func (c *Connections) Testing(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.choice.testing[host]
}
