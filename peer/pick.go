package peer

import (
	"math"
	"slices"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Assumptions about a peer that has not been measured.
const (
	assumedRate = 1 << 20 // bytes per second
	firstWindow = 4       // requests at a time; grows by one with every reply
)

// The requests in flight of one peer are bounded by its own rate as well: by what it delivers
// in windowTrips round trips and windowTime seconds, and at least windowBytes.
const (
	windowBytes = 256 << 10
	windowTrips = 2
	windowTime  = 0.5
)

// maxPending bounds the requests that a peer has not answered, abandoned ones included: a
// dcrd node disconnects above 1,000 requests for blocks.
const maxPending = 800

// urgentRoom is how many requests for headers fit beside a full window: they are few, and
// others follow from their replies.
const urgentRoom = 16

// dreaded is the number of points of ban score that make a peer count as half as
// fast.
const dreaded = fault.MaxScore / 8

// Blocks are spread over all peers that are at most spreadFactor times as slow as the best
// one: in round trip, where spreadTrip seconds more are always allowed, and in serving a
// block, where spreadPace seconds are. None of them gets more than spreadShare times an even
// share, plus spreadStart blocks.
const (
	spreadFactor = 4
	spreadTrip   = 0.5
	spreadPace   = 0.025
	spreadShare  = 2
	spreadStart  = 8
)

// candidate is the state of a peer by which it is chosen for a request. It is a snapshot by
// value.
type candidate struct {
	id        p2p.PeerID
	requests  int                 // in flight
	abandoned int                 // abandoned requests that it may still answer
	bytes     int                 // in flight, estimated
	window    int                 // the requests that may be in flight
	latency   float64             // seconds
	rate      float64             // bytes per second; zero if never measured
	pace      float64             // seconds for a block, beyond the latency; zero if never measured
	silent    int                 // periods of silence since its last reply
	shunned   [conn.NumKinds]bool // kinds of requests that it has left unanswered recently
	mute      bool                // it has answered nothing since it left a request unanswered
	points    float64             // of ban score
	blocks    int                 // number of blocks that it was asked for
}

// want is what a request requires of its peer.
type want struct {
	kind  conn.Kind
	only  p2p.PeerID   // this peer and no other; zero for any
	avoid []p2p.PeerID // not these, unless there are no others
	bytes int          // the estimated size of the reply

	// spread gives each peer an even share. It is set for blocks: a peer that sees all blocks
	// that a wallet requests learns what the wallet owns.
	spread bool

	// again means that another peer was asked and has not answered: then no peer has to wait
	// for its share.
	again bool
}

// choose returns the index of the peer to ask, or -1 if the request has to wait. Of the peers
// with room for one more request it is the one whose reply is expected first, or for a block
// the one with the smallest share. Peers that have left requests of this kind unanswered
// recently are asked only when all have. It has no state and no clock.
func choose(peers []candidate, w want, maxBytes int) int {
	able := fitting(peers, w)
	if w.spread && w.only == 0 {
		return spread(peers, able, w, maxBytes)
	}
	usual := usualRate(peers)
	best, bestCost := -1, 0.0
	for _, i := range able {
		c := &peers[i]
		if !c.hasRoom(w, maxBytes) {
			continue
		}
		if cost := c.cost(w.bytes, usual); best < 0 || cost < bestCost {
			best, bestCost = i, cost
		}
	}
	return best
}

// fitting returns the indices of the peers that may be asked once they have room.
func fitting(peers []candidate, w want) []int {
	var able []int
	for i := range peers {
		if w.only == 0 || peers[i].id == w.only {
			able = append(able, i)
		}
	}
	if w.only != 0 {
		return able
	}
	able = unless(able, func(i int) bool { return slices.Contains(w.avoid, peers[i].id) })
	return unless(able, func(i int) bool { return peers[i].shunned[w.kind] })
}

// unless returns the indices that are not bad, or all if all are.
func unless(all []int, bad func(int) bool) []int {
	good := slices.DeleteFunc(slices.Clone(all), bad)
	if len(good) == 0 {
		return all
	}
	return good
}

// spread returns the index of the peer to ask for a block, or -1 if the request has to wait:
// of the peers that are good enough and have room it is the one with the fewest blocks. A
// peer that has more than its share has to wait for the others.
func spread(peers []candidate, able []int, w want, maxBytes int) int {
	able = unless(able, func(i int) bool { return peers[i].mute || peers[i].silent > 0 || peers[i].points >= dreaded })
	if len(able) == 0 {
		return -1
	}
	trip, pace := math.Inf(1), math.Inf(1)
	for _, i := range able {
		trip, pace = min(trip, peers[i].latency), min(pace, peers[i].pace)
	}
	able = unless(able, func(i int) bool {
		slow := peers[i].latency > max(spreadFactor*trip, trip+spreadTrip) || peers[i].pace > max(spreadFactor*pace, spreadPace)
		return slow || w.again && !peers[i].hasRoom(w, maxBytes)
	})
	all := 0
	for _, i := range able {
		all += peers[i].blocks
	}
	best, most := -1, spreadStart+spreadShare*all/len(able)
	for _, i := range able {
		c := &peers[i]
		if !c.hasRoom(w, maxBytes) || c.blocks >= most && len(able) > 1 && !w.again {
			continue
		}
		if best < 0 || c.blocks < peers[best].blocks || c.blocks == peers[best].blocks && c.latency < peers[best].latency {
			best = i
		}
	}
	return best
}

// hasRoom reports whether one more request fits. One always fits when none is in flight,
// however large its reply.
func (c *candidate) hasRoom(w want, maxBytes int) bool {
	if c.requests == 0 {
		return true
	}
	if w.kind == conn.GetHeaders {
		return c.requests < c.window+urgentRoom && c.bytes+w.bytes <= maxBytes
	}
	if c.rate > 0 {
		maxBytes = min(maxBytes, max(windowBytes, int(min(c.rate*(windowTrips*c.latency+windowTime), float64(maxBytes)))))
	}
	return c.requests < c.window && c.requests+c.abandoned < maxPending && c.bytes+w.bytes <= maxBytes
}

// cost is the expected time until a reply, in seconds, multiplied for silence and for ban
// score: a peer that has just been disconnected for either is asked only when no other peer
// has room.
func (c *candidate) cost(bytes int, usual float64) float64 {
	rate := c.rate
	if rate == 0 {
		rate = usual
	}
	t := c.latency + float64(c.bytes+bytes)/rate
	return t * math.Exp2(min(c.points/dreaded, 8)) * float64(int(1)<<(2*min(c.silent, 8)))
}

// usualRate is the rate that is assumed for a peer that was never measured: that of the
// fastest peer, so that the new one is tried.
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
