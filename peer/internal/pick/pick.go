package pick

import (
	"math"
	"slices"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Assumptions about a peer that has not been measured.
const (
	AssumedRate = 1 << 20 // bytes per second
	FirstWindow = 4       // requests at a time; grows by one with every reply
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

// Candidate is the state of a peer by which it is chosen for a request. It is a snapshot by
// value.
type Candidate struct {
	ID        p2p.PeerID
	Requests  int                 // in flight
	Abandoned int                 // abandoned requests that it may still answer
	Bytes     int                 // in flight, estimated
	Window    int                 // the requests that may be in flight
	Latency   float64             // seconds
	Rate      float64             // bytes per second; zero if never measured
	Pace      float64             // seconds for a block, beyond the latency; zero if never measured
	Silent    int                 // periods of silence since its last reply
	Shunned   [conn.NumKinds]bool // kinds of requests that it has left unanswered recently
	Mute      bool                // it has answered nothing since it left a request unanswered
	Points    float64             // of ban score
	Blocks    int                 // number of blocks that it was asked for
}

// Want is what a request requires of its peer.
type Want struct {
	Kind  conn.Kind
	Only  p2p.PeerID   // this peer and no other; zero for any
	Avoid []p2p.PeerID // not these, unless there are no others
	Bytes int          // the estimated size of the reply

	// Spread gives each peer an even share. It is set for blocks: a peer that sees all blocks
	// that a wallet requests learns what the wallet owns.
	Spread bool

	// Again means that another peer was asked and has not answered: then no peer has to wait
	// for its share.
	Again bool
}

// Choose returns the index of the peer to ask, or -1 if the request has to wait. Of the peers
// with room for one more request it is the one whose reply is expected first, or for a block
// the one with the smallest share. Peers that have left requests of this kind unanswered
// recently are asked only when all have. It has no state and no clock.
func Choose(peers []Candidate, w Want, maxBytes int) int {
	able := fitting(peers, w)
	if w.Spread && w.Only == 0 {
		return spread(peers, able, w, maxBytes)
	}
	usual := usualRate(peers)
	best, bestCost := -1, 0.0
	for _, i := range able {
		c := &peers[i]
		if !c.hasRoom(w, maxBytes) {
			continue
		}
		if cost := c.cost(w.Bytes, usual); best < 0 || cost < bestCost {
			best, bestCost = i, cost
		}
	}
	return best
}

// fitting returns the indices of the peers that may be asked once they have room.
func fitting(peers []Candidate, w Want) []int {
	var able []int
	for i := range peers {
		if w.Only == 0 || peers[i].ID == w.Only {
			able = append(able, i)
		}
	}
	if w.Only != 0 {
		return able
	}
	able = unless(able, func(i int) bool { return slices.Contains(w.Avoid, peers[i].ID) })
	return unless(able, func(i int) bool { return peers[i].Shunned[w.Kind] })
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
func spread(peers []Candidate, able []int, w Want, maxBytes int) int {
	able = unless(able, func(i int) bool { return peers[i].Mute || peers[i].Silent > 0 || peers[i].Points >= dreaded })
	if len(able) == 0 {
		return -1
	}
	trip, pace := math.Inf(1), math.Inf(1)
	for _, i := range able {
		trip, pace = min(trip, peers[i].Latency), min(pace, peers[i].Pace)
	}
	able = unless(able, func(i int) bool {
		slow := peers[i].Latency > max(spreadFactor*trip, trip+spreadTrip) || peers[i].Pace > max(spreadFactor*pace, spreadPace)
		return slow || w.Again && !peers[i].hasRoom(w, maxBytes)
	})
	all := 0
	for _, i := range able {
		all += peers[i].Blocks
	}
	best, most := -1, spreadStart+spreadShare*all/len(able)
	for _, i := range able {
		c := &peers[i]
		if !c.hasRoom(w, maxBytes) || c.Blocks >= most && len(able) > 1 && !w.Again {
			continue
		}
		if best < 0 || c.Blocks < peers[best].Blocks || c.Blocks == peers[best].Blocks && c.Latency < peers[best].Latency {
			best = i
		}
	}
	return best
}

// hasRoom reports whether one more request fits. One always fits when none is in flight,
// however large its reply.
func (c *Candidate) hasRoom(w Want, maxBytes int) bool {
	if c.Requests == 0 {
		return true
	}
	if w.Kind == conn.GetHeaders {
		return c.Requests < c.Window+urgentRoom && c.Bytes+w.Bytes <= maxBytes
	}
	if c.Rate > 0 {
		maxBytes = min(maxBytes, max(windowBytes, int(min(c.Rate*(windowTrips*c.Latency+windowTime), float64(maxBytes)))))
	}
	return c.Requests < c.Window && c.Requests+c.Abandoned < maxPending && c.Bytes+w.Bytes <= maxBytes
}

// cost is the expected time until a reply, in seconds, multiplied for silence and for ban
// score: a peer that has just been disconnected for either is asked only when no other peer
// has room.
func (c *Candidate) cost(bytes int, usual float64) float64 {
	rate := c.Rate
	if rate == 0 {
		rate = usual
	}
	t := c.Latency + float64(c.Bytes+bytes)/rate
	return t * math.Exp2(min(c.Points/dreaded, 8)) * float64(int(1)<<(2*min(c.Silent, 8)))
}

// usualRate is the rate that is assumed for a peer that was never measured: that of the
// fastest peer, so that the new one is tried.
func usualRate(peers []Candidate) float64 {
	usual := 0.0
	for _, c := range peers {
		usual = max(usual, c.Rate)
	}
	if usual == 0 {
		return AssumedRate
	}
	return usual
}
