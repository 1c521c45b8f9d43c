package spv

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// The gate Synced closes later than Synced turns false, so that it does not close and open again
// with each new block.
const (
	// nearTip is how many of the newest blocks may be missing while it stays open: as many as
	// are fetched without leaving Following.
	nearTip = maxBehind

	// readyPatience is how long the status may be unsynced on end while it stays open. A new
	// block takes milliseconds, a peer that claims more than it has half a minute at most.
	readyPatience = 30 * time.Second
)

// near reports whether nothing but the newest blocks stands against being synced: headers that are
// not written, filters and the scan of at most nearTip blocks, and what peers claim to have.
func (f facts) near() bool {
	return f.phase == Following && f.peers > 0 && f.enough && !f.stale && f.pinned.synced() && f.unvoted == nil &&
		f.missingBelow(f.filters.Height) <= nearTip && f.missingBelow(f.scanned.Height) <= nearTip
}

// missingBelow returns how many blocks are missing between a height and the newest verified header.
func (f facts) missingBelow(h consensus.Height) consensus.Height { return f.staged - h }

// gate is the gate Synced. The zero value is a closed one. Only the goroutine of the run touches it.
type gate struct {
	open    bool
	lacking time.Time // since when the status is unsynced while the gate is open; zero while it is synced
}

// pass reports whether the gate is open under the facts of a moment: it opens when they are synced,
// stays open while no more is missing than new blocks explain, and not for longer than
// readyPatience.
func (g *gate) pass(f facts, now time.Time) bool {
	switch {
	case f.synced():
		*g = gate{open: true}
	case !g.open:
	case !f.near():
		*g = gate{}
	case g.lacking.IsZero():
		g.lacking = now
	case now.Sub(g.lacking) >= readyPatience:
		*g = gate{}
	}
	return g.open
}
