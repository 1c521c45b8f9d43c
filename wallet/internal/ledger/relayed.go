package ledger

import (
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// Limits on transactions that peers have relayed and that spend nothing of the
// wallet: making them up costs nothing.
const (
	// maxRelayed is how many a pool holds.
	maxRelayed = 1000

	// Those that only one network has sent may fill a half of the pool, so that a
	// half is left for those that peers of two networks agree upon, and these may
	// fill three quarters.
	loneShare, agreedShare, shares = 2, 3, 4

	// How long one is kept while no block holds it. A node that still has it
	// announces it again when it is asked for its mempool.
	loneFor   = 6 * time.Hour
	agreedFor = 48 * time.Hour
)

// class is what the pool holds of the relayed transactions that are agreed upon, or
// of the others.
type class struct {
	count, held int
	bySource    map[uint64]int // bytes of memory
}

// classes adds up what the pool holds.
func (p *Pool) classes() (lone, agreed class) {
	lone.bySource, agreed.bySource = make(map[uint64]int), make(map[uint64]int)
	for _, u := range p.ByHash {
		if !u.foreign() {
			continue
		}
		c := &lone
		if u.Agreed {
			c = &agreed
		}
		c.count++
		c.held += u.held
		c.bySource[u.Source] += u.held
	}
	return lone, agreed
}

// RoomFor reports whether a transaction fits into the pool, in which relayed ones may take a
// number of bytes of memory, and which one is to be dropped otherwise: of those that are not
// agreed upon first, of the source that has sent most, the oldest. It is nil if none may be.
func (p *Pool) RoomFor(u *Unmined, limit int) (victim *Unmined, fits bool) {
	if !u.foreign() {
		return nil, true
	}
	lone, agreed := p.classes()
	mine, share := &lone, loneShare
	if u.Agreed {
		mine, share = &agreed, agreedShare
	}
	over := func(count, held, share int) bool {
		return count+1 > maxRelayed*share/shares || held+u.held > limit*share/shares
	}
	from := mine
	switch {
	case over(mine.count, mine.held, share):
	case !over(lone.count+agreed.count, lone.held+agreed.held, shares):
		return nil, true
	case lone.count > 0:
		from = &lone
	}
	return p.victim(from, from == &agreed), false
}

// victim returns the transaction of a class that is dropped first: the oldest one of
// the source that takes most.
func (p *Pool) victim(c *class, agreed bool) *Unmined {
	var best *Unmined
	for _, u := range p.ByHash {
		if !u.foreign() || u.Agreed != agreed || !p.Droppable(u) {
			continue
		}
		if best == nil {
			best = u
			continue
		}
		most, more := c.bySource[best.Source], c.bySource[u.Source]
		if more > most || more == most && (u.Source < best.Source || u.Source == best.Source && u.compare(best) < 0) {
			best = u
		}
	}
	return best
}

// Droppable reports whether nothing that is kept for another reason spends outputs
// of a relayed transaction.
func (p *Pool) Droppable(u *Unmined) bool {
	seen := make(map[chainhash.Hash]bool)
	var free func(u *Unmined) bool
	free = func(u *Unmined) bool {
		for _, hash := range p.Children(u.Hash, u.Tx) {
			child := p.ByHash[hash]
			if child == nil || seen[hash] {
				continue
			}
			seen[hash] = true
			if !child.foreign() || !free(child) {
				return false
			}
		}
		return true
	}
	return free(u)
}

// Outdated reports whether a relayed transaction has waited for a block too long.
func (u *Unmined) Outdated(now time.Time) bool {
	if !u.foreign() {
		return false
	}
	if u.Agreed {
		return now.Sub(u.Seen) >= agreedFor
	}
	return now.Sub(u.Seen) >= loneFor
}
