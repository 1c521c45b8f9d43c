package outbound

import (
	"errors"
	"slices"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/roster"
)

// staleBlocks is for how many block intervals a peer may be behind the others before it is
// replaced: by chance that happens once in 160,000 blocks.
const staleBlocks = 12

// stateLocked returns the state by which package dialing decides.
func (c *Connections) stateLocked(now time.Time) dialing.State {
	_, news := c.deps.Roster.Top()
	s := dialing.State{
		Now:        now,
		Wanted:     c.deps.Wanted,
		Searching:  c.search.reason != "",
		Since:      c.search.since,
		RotateAt:   c.rotateAt,
		LastNews:   news,
		StaleAfter: staleBlocks * c.deps.BlockTime,
		ReplaceAt:  c.replaceAt,
	}
	for _, o := range c.slots {
		x := dialing.Slot{ID: o.id, Group: o.to.Group, Purpose: o.purpose, Base: o.base}
		if p := o.peer; p != nil && p.Live() {
			x.Connected, x.Since = true, p.Joined
			x.Best, x.News = p.Best()
		}
		s.Slots = append(s.Slots, x)
	}
	if shares(s.Slots) && !now.Before(c.diverseAt) {
		s.Unused = c.deps.Book.AnyDue(c.usableLocked(now).inNewGroup)
	}
	return s
}

// shares reports whether two connections are in one network group.
func shares(slots []dialing.Slot) bool {
	seen := make(map[string]bool, len(slots))
	for _, s := range slots {
		if seen[s.Group] {
			return true
		}
		seen[s.Group] = true
	}
	return false
}

// decide promotes and ends connections as package dialing decides.
func (c *Connections) decide() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	d := dialing.Decide(c.stateLocked(now))
	if d.Rotated {
		c.rotateLaterLocked(now)
	}
	for _, id := range d.Promote {
		s := c.slotLocked(id)
		s.purpose = dialing.Fill
		s.peer.SetRole(roster.Outbound)
	}
	for _, l := range d.Leave {
		s := c.slotLocked(l.ID)
		switch l.Why {
		case dialing.NotBetter:
			c.choice.avoidHost(s.to.Host, avoidance{now.Add(avoidVisited), true}, now)
		case dialing.Behind:
			c.choice.avoidHost(s.to.Host, avoidance{now.Add(avoidBehind), false}, now)
			c.replaceAt = now.Add(dialing.ReplaceWait)
			best, at := s.peer.Best()
			c.deps.Log.Info("Peer has not sent the newest blocks, another one takes its place", "addr", s.to.Addr,
				"best", best, "since", now.Sub(at).Round(time.Second))
		}
		s.peer.End(fault.New(fault.ClosedByUs, errors.New(whyLeft(l.Why))))
	}
}

// whyLeft returns the sentence for why a connection is ended.
func whyLeft(w dialing.Why) string {
	switch w {
	case dialing.NotBetter:
		return "it knows no more than other peers"
	case dialing.Behind:
		return "other peers have sent newer blocks"
	}
	return "another peer has its place"
}

// slotLocked returns the slot with an id, which must exist.
func (c *Connections) slotLocked(id int) *slot {
	return c.slots[slices.IndexFunc(c.slots, func(s *slot) bool { return s.id == id })]
}

// hasChoice reports whether a connection is to be made and there is an address for it.
func (c *Connections) hasChoice() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	purpose := dialing.Decide(c.stateLocked(now)).Dial
	if purpose == dialing.None || now.Before(c.dialAt) {
		return false
	}
	if purpose == dialing.Fill && c.anchors.any() {
		return true
	}
	usable := c.usableLocked(now)
	return c.deps.Book.AnyDue(usable.inNewGroup) || purpose == dialing.Fill && c.deps.Book.AnyDue(usable.inAnyGroup)
}

// chooseSlot begins the connection that package dialing decides on, to an address without a
// connection: to the anchors of the last run first, and in a network group of its own while
// there is one. It returns nil if there is none to make.
func (c *Connections) chooseSlot() *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	purpose := dialing.Decide(c.stateLocked(now)).Dial
	if purpose == dialing.None {
		return nil
	}
	to, ok := c.chooseLocked(purpose, now)
	switch purpose {
	case dialing.Diversify:
		c.diverseAt = now.Add(diversifyEvery)
	case dialing.Rotate:
		if !ok {
			c.rotateLaterLocked(now)
		}
	}
	if !ok {
		return nil
	}
	c.lastID++
	top, _ := c.deps.Roster.Top()
	s := &slot{id: c.lastID, to: to, purpose: purpose, base: top}
	c.slots = append(c.slots, s)
	c.dialAt = now.Add(c.failurePauseLocked(now))
	return s
}

// chooseLocked returns an address to connect to, and false if there is none.
func (c *Connections) chooseLocked(purpose dialing.Purpose, now time.Time) (addrbook.Candidate, bool) {
	usable := c.usableLocked(now)
	if purpose == dialing.Fill {
		if addr, ok := c.anchors.next(usable.free); ok {
			return addrbook.Candidate{Addr: addr, Host: addrbook.HostOf(addr), Group: addrbook.GroupOf(addr)}, true
		}
	}
	kind := addrbook.AnyKind
	if purpose == dialing.Search || purpose == dialing.Diversify || c.failed >= manyFailures {
		// A source that announces few addresses may be the only honest one.
		kind = addrbook.EachSource
	}
	to, ok := c.deps.Book.Pick(kind, usable.inNewGroup)
	if !ok && purpose == dialing.Fill {
		to, ok = c.deps.Book.Pick(addrbook.AnyKind, usable.inAnyGroup)
	}
	if ok && !to.Standard && !to.Tried {
		c.choice.oddPortAt = now
	}
	return to, ok
}
