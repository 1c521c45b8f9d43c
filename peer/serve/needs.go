package serve

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// needsFor is how long a client that was sent filters counts as one that needs those above them.
const needsFor = 10 * time.Minute

// need is what a client has asked for: since when, last, and the lowest block of that time.
type need struct {
	since, last time.Time
	lowest      consensus.Height
}

// and returns the need after the filter of a block was asked for, too. Clients ask for several
// ranges at a time, in the order of the chain.
func (n need) and(h consensus.Height, now time.Time) need {
	if n.since.IsZero() || now.Sub(n.since) > needsFor {
		return need{now, now, h}
	}
	return need{n.since, now, min(n.lowest, h)}
}

// needs records that filters from a block on were sent to the client.
func (s *session) needs(h consensus.Height) {
	var n need
	if old := s.need.Load(); old != nil {
		n = *old
	}
	n = n.and(h, time.Now())
	s.need.Store(&n)
}

// NeedsFrom returns the lowest height of a block whose filter a client was sent in the last ten
// minutes, from which on it may want more, or consensus.Never.
func (s *Server) NeedsFrom() consensus.Height {
	lowest := consensus.Never
	for _, c := range s.snapshot() {
		if n := c.need.Load(); n != nil && time.Since(n.last) <= needsFor {
			lowest = min(lowest, n.lowest)
		}
	}
	return lowest
}
