package peer

import (
	"math"
	"slices"
)

// Assumptions about a peer that has not been measured.
const (
	assumedRate = 1 << 20 // bytes per second
	firstWindow = 4       // requests at a time; grows by one with every reply
)

// dreaded is the number of points of bad standing that make a peer count as half as
// fast.
const dreaded = maxScore / 8

// lastResort is a cost, in seconds, that is greater than all others: a peer that was
// silent last has a share of the blocks again once it has answered something else.
const lastResort = 1e9

// candidate is what the choice of a peer for a request looks at. It is a
// snapshot by value.
type candidate struct {
	id       uint64
	requests int     // in flight
	bytes    int     // in flight, estimated
	window   int     // the requests that may be in flight
	latency  float64 // seconds
	rate     float64 // bytes per second; zero if never measured
	silent   int     // periods of silence since its last reply
	points   float64 // of bad standing
	blocks   int     // that it was asked for
}

// want is what a request demands of its peer.
type want struct {
	only  uint64   // this peer and no other; zero for any
	avoid []uint64 // not these, unless there are no others
	bytes int      // the estimated size of the reply

	// spread gives each peer a share, the smaller the slower it is. It is set for
	// blocks: those that a wallet asks for tell what it owns to whoever sees all of
	// them.
	spread bool
}

// choose returns the index of the peer to ask, or -1 if the request has to
// wait: the peer that will probably have answered first, of those with room for
// one more request. It has no state and no clock.
func choose(peers []candidate, w want, maxBytes int) int {
	avoid := w.avoid
	if w.only != 0 || !slices.ContainsFunc(peers, func(c candidate) bool { return !slices.Contains(avoid, c.id) }) {
		avoid = nil
	}
	usual := usualRate(peers)
	best, bestCost := -1, 0.0
	for i, c := range peers {
		switch {
		case w.only != 0 && c.id != w.only, slices.Contains(avoid, c.id), !c.hasRoom(w.bytes, maxBytes):
			continue
		}
		cost := c.cost(w.bytes, usual)
		if w.spread {
			cost *= float64(1 + c.blocks)
			if c.silent > 0 {
				cost += lastResort
			}
		}
		if best < 0 || cost < bestCost {
			best, bestCost = i, cost
		}
	}
	return best
}

// hasRoom reports whether one more request fits. One always fits when none is
// in flight, however large its reply.
func (c *candidate) hasRoom(bytes, maxBytes int) bool {
	return c.requests == 0 || c.requests < c.window && c.bytes+bytes <= maxBytes
}

// cost is the expected time until a reply, in seconds, made much worse by silence
// and by bad standing: somebody who has just been left for it is asked when nobody
// else has room.
func (c *candidate) cost(bytes int, usual float64) float64 {
	rate := c.rate
	if rate == 0 {
		rate = usual
	}
	t := c.latency + float64(c.bytes+bytes)/rate
	return t * math.Exp2(min(c.points/dreaded, 8)) * float64(int(1)<<(2*min(c.silent, 8)))
}

// usualRate is what a peer that was never measured is taken for: as fast as the
// fastest that was, so that it is tried.
func usualRate(peers []candidate) float64 {
	usual := 0.0
	for _, c := range peers {
		usual = max(usual, c.rate)
	}
	if usual == 0 {
		return assumedRate
	}
	return usual
}
