package outbound

import (
	"maps"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
)

const (
	// avoidBehind is how long the host of a peer is not chosen again that was disconnected
	// because others have sent newer blocks. A host that had no newer blocks than the others
	// during a search is not chosen again for avoidVisited, or until there is a new block.
	avoidBehind  = 6 * time.Hour
	avoidVisited = 2 * time.Hour
	maxAvoided   = 4096

	// Ports other than the network's are dialled rarely, unless a node has answered there:
	// else an announcement could direct our dials at any port of any host. The shorter pause
	// is for a pool without any connection.
	oddPortEvery = 5 * time.Minute
	oddPortAlone = time.Minute
)

// avoidance is until when a host is not chosen.
type avoidance struct {
	until   time.Time
	visited bool // it had no newer blocks than the others; ends with a new block
}

// choice is what is remembered for the choice of addresses. It is a plain value: the lock of
// Connections guards it.
type choice struct {
	avoid     map[string]avoidance // hosts not to be chosen
	oddPortAt time.Time            // when a port other than the network's was dialled last
	testing   map[string]bool      // hosts that a feeler tests
}

func newChoice() choice {
	return choice{avoid: make(map[string]avoidance), testing: make(map[string]bool)}
}

// avoidHost keeps a host from being chosen for a while.
func (c *choice) avoidHost(host string, a avoidance, now time.Time) {
	for h, old := range c.avoid {
		if !now.Before(old.until) || len(c.avoid) >= maxAvoided {
			delete(c.avoid, h)
		}
	}
	c.avoid[host] = a
}

// newBlock forgets which hosts had no newer blocks than the others.
func (c *choice) newBlock() {
	maps.DeleteFunc(c.avoid, func(_ string, a avoidance) bool { return a.visited })
}

// usable decides which addresses may be dialled at one moment. Its methods are the filters for the
// book.
type usable struct {
	choice  *choice
	bans    func(addr, host string) time.Duration // how long an address is still banned
	now     time.Time
	busy    map[string]bool // hosts that are connected, or being dialled
	groups  map[string]int  // connections by network group
	share   int             // connections that one network group may have
	alone   bool            // no peer is connected
	deadEnd bool            // neither is one, and many connections in a row have failed
}

// usableLocked returns which addresses may be dialled now.
func (c *Connections) usableLocked(now time.Time) *usable {
	u := &usable{
		choice: &c.choice, bans: c.deps.Bans.Left, now: now,
		busy: make(map[string]bool), groups: make(map[string]int), alone: c.deps.Roster.Empty(),
	}
	u.deadEnd = u.alone && c.failed >= manyFailures
	for _, s := range c.slots {
		u.busy[s.to.Host] = true
		u.groups[s.to.Group]++
	}
	for _, host := range c.deps.Manual.Hosts() {
		u.busy[host] = true
	}
	for _, addr := range c.deps.Manual.Addrs() {
		u.groups[addrbook.GroupOf(addr)]++
	}
	u.share = dialing.Share(c.deps.Wanted, len(u.groups))
	return u
}

// inNewGroup reports whether an address may be dialled and its network group has no connection.
func (u *usable) inNewGroup(c addrbook.Candidate) bool {
	return u.groups[c.Group] == 0 && u.inSomeGroup(c)
}

// inAnyGroup reports whether an address may be dialled and its network group has less than its
// share of the connections, which it may have because no other group can be dialled.
func (u *usable) inAnyGroup(c addrbook.Candidate) bool {
	return u.groups[c.Group] < u.share && u.inSomeGroup(c)
}

// inSomeGroup reports whether an address of the book may be dialled, whatever its network group.
func (u *usable) inSomeGroup(c addrbook.Candidate) bool {
	if !u.deadEnd && u.now.Before(u.choice.avoid[c.Host].until) {
		return false
	}
	if !c.Standard && !c.Tried {
		rest := oddPortEvery
		if u.alone {
			rest = oddPortAlone
		}
		if !u.choice.oddPortAt.IsZero() && u.now.Sub(u.choice.oddPortAt) < rest {
			return false
		}
	}
	return u.free(c.Addr, c.Host)
}

// free reports whether an address is neither banned nor its host in use.
func (u *usable) free(addr, host string) bool {
	return !u.busy[host] && !u.choice.testing[host] && u.bans(addr, host) <= 0
}
