package outbound

import (
	"slices"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/roster"
)

// maxAnchors is the number of peers of the last run that are dialled first.
const maxAnchors = 2

// anchors are the peers of the last run that are dialled first. It is a plain value: the lock of
// Connections guards it.
type anchors struct {
	left []string // not dialled yet
	kept []string // those of the last run, until there are other ones
}

// any reports whether an anchor was not dialled yet.
func (a *anchors) any() bool { return len(a.left) > 0 }

// next removes anchors that were not dialled yet up to the first that is free, and returns that
// one; false if there is none.
func (a *anchors) next(free func(addr, host string) bool) (string, bool) {
	for len(a.left) > 0 {
		addr := a.left[0]
		a.left = a.left[1:]
		if free(addr, addrbook.HostOf(addr)) {
			return addr, true
		}
	}
	return "", false
}

// Restore sets the anchors that an earlier process has kept.
func (c *Connections) Restore(addrs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.anchors.kept = addrs[:min(len(addrs), maxAnchors)]
	c.anchors.left = slices.Clone(c.anchors.kept)
}

// Anchors returns the addresses of the outbound peers that have been connected for the longest
// time. If there are too few, those of the last run stay, unless they are banned: a start without
// a network does not lose them.
func (c *Connections) Anchors() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	addrs := []string{}
	for _, p := range c.deps.Roster.All() { // by rising id
		if p.Role() == roster.Outbound && len(addrs) < maxAnchors {
			addrs = append(addrs, p.Addr)
		}
	}
	for _, addr := range c.anchors.kept {
		if len(addrs) < maxAnchors && !slices.Contains(addrs, addr) && c.deps.Bans.Left(addr, addrbook.HostOf(addr)) <= 0 {
			addrs = append(addrs, addr)
		}
	}
	c.anchors.kept = addrs
	return slices.Clone(addrs)
}
