package headersync

import (
	"errors"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Bounds of what is fetched of ranges behind the one in front.
const (
	// MaxAhead is how many batches of headers are held or requested there, at most. A
	// full one takes BatchBytes.
	MaxAhead   = 36
	BatchBytes = 424 << 10

	// maxRanges is how many ranges are fetched at a time.
	maxRanges = 16
)

// Why a reply is not what a range needs. Neither is proof of a fault: the peer
// may be on another branch, or not as far, and the waypoint may be wrong.
var (
	ErrElsewhere = errors.New("headers do not lead from one known block to the next")
	ErrOutdated  = errors.New("the reply is to a request that was given up")
)

// headerRange is a run of headers between two blocks that are known to be on the
// chain. All of it is fetched from one peer, so that what is wrong with it is
// wrong with that peer.
type headerRange struct {
	start    consensus.BlockID // the waypoint before it, or the tip
	until    consensus.BlockID // the waypoint at its end; zero in the last range
	next     consensus.BlockID // the last header fetched, at first start
	peer     p2p.PeerID        // from which it is fetched; zero while that is open
	silent   []p2p.PeerID      // the peers that failed to answer once
	avoid    []p2p.PeerID      // those that were of no use for it, or failed twice
	attempt  int               // what belongs to an older one is dropped
	asking   bool              // a request is on its way
	asked    time.Time         // when it was made
	took     time.Duration     // how long its peer took for the last batch
	complete bool              // all of it has been fetched
	fetched  int               // batches received in this attempt
	applied  int               // of them on the chain
	ready    map[int]prepared
}

// headerAsk is a request that a plan wants to be made.
type headerAsk struct {
	rng     *headerRange
	attempt int
	peer    p2p.PeerID   // to be asked; zero for any but avoid
	avoid   []p2p.PeerID // peers that would be of no use
	after   chainhash.Hash
	stop    chainhash.Hash
}

// headerPlan decides which headers to request as long as there are waypoints
// above the tip. The ranges between them are fetched at the same time and applied
// in order; the last one, which begins at the newest waypoint, is open. It is a
// pure value: no clock, no network.
//
// A plan is a short cut and decides about no chain. A range that does not fit
// its waypoints is fetched from another peer; when none is left, the plan is
// stuck, and the tail fetch finds out by the rules what is wrong.
type headerPlan struct {
	full   int            // headers in a full batch
	room   int            // batches behind the range in front, at most
	ranges []*headerRange // in height order; all before the first are applied
}

// newHeaderPlan returns a plan for the headers after the tip. It has no ranges
// when no waypoint is above.
func newHeaderPlan(tip consensus.BlockID, waypoints []consensus.BlockID, full int) *headerPlan {
	p := &headerPlan{full: full, room: MaxAhead}
	at := tip
	for _, point := range waypoints {
		if point.Height <= tip.Height {
			continue
		}
		p.ranges = append(p.ranges, newHeaderRange(at, point))
		at = point
	}
	if len(p.ranges) > 0 {
		p.ranges = append(p.ranges, newHeaderRange(at, consensus.BlockID{}))
	}
	return p
}

func newHeaderRange(start, until consensus.BlockID) *headerRange {
	return &headerRange{start: start, until: until, next: start, ready: make(map[int]prepared)}
}

// done reports whether no range is left.
func (p *headerPlan) done() bool { return len(p.ranges) == 0 }

// idle reports whether nothing is asked for or held.
func (p *headerPlan) idle() bool {
	return !slices.ContainsFunc(p.ranges, func(s *headerRange) bool { return s.asking || s.fetched > s.applied })
}

// stuck reports whether the range in front is of no use with any of the live
// peers.
func (p *headerPlan) stuck(live []p2p.PeerID) bool {
	if p.done() || len(live) == 0 {
		return false
	}
	s := p.ranges[0]
	return !s.asking && !s.complete && !s.hasPeer(live)
}

// hasPeer reports whether a live peer may be of use.
func (s *headerRange) hasPeer(live []p2p.PeerID) bool {
	return slices.ContainsFunc(live, func(id p2p.PeerID) bool { return !slices.Contains(s.avoid, id) })
}

// take hands out the next request, if one may be made now to one of the peers.
// The lowest range goes first.
func (p *headerPlan) take(live []p2p.PeerID, now time.Time) (headerAsk, bool) {
	p.expire(live, now)
	for k, s := range p.ranges[:min(len(p.ranges), maxRanges)] {
		if s.asking || s.complete || !p.mayFetch(k) {
			continue
		}
		if s.peer != 0 && !slices.Contains(live, s.peer) {
			s.restart()
		}
		if !s.hasPeer(live) {
			continue
		}
		s.asking, s.asked = true, now
		return headerAsk{s, s.attempt, s.peer, s.avoid, s.next.Hash, s.until.Hash}, true
	}
	return headerAsk{}, false
}

// expire gives up on the peer that lets the range in front wait while another
// one could be asked. As long as anybody may answer, others are asked anyway.
func (p *headerPlan) expire(live []p2p.PeerID, now time.Time) {
	if p.done() {
		return
	}
	if s := p.ranges[0]; s.asking && s.peer != 0 && len(live) > 1 && now.Sub(s.asked) >= patienceFor(s.took) {
		s.refuse(s.peer)
	}
}

// mayFetch reports whether there is room for another batch of range k. The range
// in front is held up by nothing but its own verification. The further behind a
// range is, the smaller the part of it that may be fetched already: so ranges
// become complete one after the other, and as many as possible are fetched at a
// time with what memory there is.
func (p *headerPlan) mayFetch(k int) bool {
	s := p.ranges[k]
	if k == 0 {
		return s.fetched-s.applied < tailDepth
	}
	length := tailDepth
	if s.until.Height > 0 {
		length = (int(s.until.Height-s.start.Height) + p.full - 1) / p.full
	}
	ranges := min(max(1+2*p.room/length, 2), maxRanges)
	quota := (length*(ranges-k) + ranges - 1) / ranges
	return s.fetched < quota && p.ahead() < p.room
}

// ahead returns how many batches of ranges behind the one in front are held or
// asked for.
func (p *headerPlan) ahead() int {
	n := 0
	for _, s := range p.ranges[1:min(len(p.ranges), maxRanges)] {
		n += s.fetched
		if s.asking {
			n++
		}
	}
	return n
}

// arrived records the reply of a peer and returns its number in the range: the
// next one may be asked for while this one is verified. A reply that does not
// fit makes the range start over with another peer.
func (p *headerPlan) arrived(a headerAsk, from p2p.PeerID, payload []byte, now time.Time) (number int, err error) {
	s := a.rng
	if a.attempt != s.attempt {
		return 0, ErrOutdated
	}
	s.asking = false
	last, fits := s.follow(payload, p.full)
	if !fits {
		s.refuse(from)
		return 0, ErrElsewhere
	}
	short := len(payload)/HeaderStride < p.full
	s.peer, s.next, s.took = from, last, now.Sub(s.asked)
	s.complete = s.until.Height == 0 && short || s.until.Height != 0 && last == s.until
	s.fetched++
	return s.fetched - 1, nil
}

// follow returns the last of the headers in a reply, and whether they can be
// the next ones of the range. An open range may end at any time, also with
// nothing.
func (s *headerRange) follow(payload []byte, full int) (last consensus.BlockID, fits bool) {
	n := len(payload) / HeaderStride
	if n == 0 {
		return s.next, s.until.Height == 0
	}
	first := payload[len(payload)-n*HeaderStride:]
	h := consensus.Header(first[:consensus.HeaderSize])
	if h.PrevBlock() != s.next.Hash {
		return last, false
	}
	h = consensus.Header(payload[len(payload)-HeaderStride : len(payload)-1])
	last = consensus.BlockID{Height: h.Height(), Hash: h.Hash()}
	if last.Height != s.next.Height+consensus.Height(n) {
		return last, false
	}
	switch {
	case s.until.Height == 0, last == s.until:
		return last, true
	}
	return last, n == full && last.Height < s.until.Height
}

// failed records that a request got no reply. The peer (zero: none in
// particular) is given one more chance.
func (p *headerPlan) failed(a headerAsk, from p2p.PeerID) {
	s := a.rng
	switch {
	case a.attempt != s.attempt:
	case slices.Contains(s.silent, from):
		s.refuse(from)
	default:
		s.silent = append(s.silent, from)
		s.restart()
	}
}

// verified records a batch that has been prepared.
func (p *headerPlan) verified(a headerAsk, number int, b prepared) {
	if a.attempt == a.rng.attempt {
		a.rng.ready[number] = b
	}
}

// peek returns the batch that is next in the order of the chain, if it is
// verified. It is accepted or refused before the next one.
func (p *headerPlan) peek() (prepared, bool) {
	if p.done() {
		return prepared{}, false
	}
	s := p.ranges[0]
	b, ok := s.ready[s.applied]
	return b, ok
}

// accept records that the batch from peek is on the chain, and returns
// whether it was the last one there is.
func (p *headerPlan) accept() (last bool) {
	s := p.ranges[0]
	delete(s.ready, s.applied)
	s.applied++
	if !s.complete || s.applied < s.fetched {
		return false
	}
	p.ranges = p.ranges[1:]
	return p.done()
}

// refuse records that the batch from peek is not on the chain.
func (p *headerPlan) refuse() {
	s := p.ranges[0]
	s.refuse(s.ready[s.applied].from)
}

// refuse makes a range start over without a peer (zero: with any).
func (s *headerRange) refuse(id p2p.PeerID) {
	if id != 0 && !slices.Contains(s.avoid, id) {
		s.avoid = append(slices.Clone(s.avoid), id)
	}
	s.restart()
}

// restart makes a range start over at its first header, also when some are on the
// chain already: they may be of a branch that does not lead to its end.
func (s *headerRange) restart() {
	s.next, s.peer, s.asking, s.complete = s.start, 0, false, false
	s.fetched, s.applied = 0, 0
	s.attempt++
	clear(s.ready)
}
