package spv

import (
	"errors"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// Bounds of what is fetched of spans behind the one in front.
const (
	// maxAhead is how many batches of headers are held or asked for there. A
	// full one takes 424 kB.
	maxAhead = 36

	// maxSpans is how many spans are fetched at a time.
	maxSpans = 16
)

// Why a reply is not what a span needs. Neither is proof of a fault: the peer
// may be on another branch, or not as far, and the waypoint may be wrong.
var (
	errElsewhere = errors.New("headers do not lead from one known block to the next")
	errOutdated  = errors.New("the reply is to a request that was given up")
)

// span is a run of headers between two blocks that are known to be on the
// chain. All of it is fetched from one peer, so that what is wrong with it is
// wrong with that peer.
type span struct {
	start    consensus.BlockID // the waypoint before it, or the tip
	until    consensus.BlockID // the waypoint at its end; zero in the last span
	next     consensus.BlockID // the last header fetched, at first start
	peer     uint64            // whom it is fetched from; zero while that is open
	silent   []uint64          // the peers that failed to answer once
	avoid    []uint64          // those that were of no use for it, or failed twice
	attempt  int               // what belongs to an older one is dropped
	asking   bool              // a request is on its way
	asked    time.Time         // when it was made
	took     time.Duration     // how long its peer took for the last batch
	complete bool              // all of it has been fetched
	fetched  int               // batches that have come in this attempt
	folded   int               // of them on the chain
	ready    map[int]prepared
}

// headerAsk is a request that a plan wants to be made.
type headerAsk struct {
	span    *span
	attempt int
	peer    uint64   // whom to ask; zero for anybody but avoid
	avoid   []uint64 // peers that would be of no use
	after   chainhash.Hash
	stop    chainhash.Hash
}

// headerPlan decides which headers to ask for as long as there are waypoints
// above the tip. The spans between them are fetched at the same time and folded
// in order; the last one, which begins at the newest waypoint, is open. It is a
// pure value: no clock, no network.
//
// A plan is a short cut and decides about no chain. A span that does not fit
// its waypoints is fetched from somebody else; when nobody is left, the plan is
// stuck, and the walk finds out by the rules what is wrong.
type headerPlan struct {
	full  int     // headers in a full batch
	spans []*span // in height order; all before the first are folded
}

// newHeaderPlan returns a plan for the headers after the tip. It has no spans
// when no waypoint is above.
func newHeaderPlan(tip consensus.BlockID, waypoints []consensus.BlockID, full int) *headerPlan {
	p := &headerPlan{full: full}
	at := tip
	for _, point := range waypoints {
		if point.Height <= tip.Height {
			continue
		}
		p.spans = append(p.spans, newSpan(at, point))
		at = point
	}
	if len(p.spans) > 0 {
		p.spans = append(p.spans, newSpan(at, consensus.BlockID{}))
	}
	return p
}

func newSpan(start, until consensus.BlockID) *span {
	return &span{start: start, until: until, next: start, ready: make(map[int]prepared)}
}

// done reports whether no span is left.
func (p *headerPlan) done() bool { return len(p.spans) == 0 }

// idle reports whether nothing is asked for or held.
func (p *headerPlan) idle() bool {
	return !slices.ContainsFunc(p.spans, func(s *span) bool { return s.asking || s.fetched > s.folded })
}

// stuck reports whether the span in front is of no use with any of the live
// peers.
func (p *headerPlan) stuck(live []uint64) bool {
	if p.done() || len(live) == 0 {
		return false
	}
	s := p.spans[0]
	return !s.asking && !s.complete && !s.hasPeer(live)
}

// hasPeer reports whether a live peer may be of use.
func (s *span) hasPeer(live []uint64) bool {
	return slices.ContainsFunc(live, func(id uint64) bool { return !slices.Contains(s.avoid, id) })
}

// take hands out the next request, if one may be made now to one of the peers.
// The lowest span goes first.
func (p *headerPlan) take(live []uint64, now time.Time) (headerAsk, bool) {
	p.expire(live, now)
	for k, s := range p.spans[:min(len(p.spans), maxSpans)] {
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

// expire gives up on the peer that lets the span in front wait while another
// one could be asked. As long as anybody may answer, others are asked anyway.
func (p *headerPlan) expire(live []uint64, now time.Time) {
	if p.done() {
		return
	}
	if s := p.spans[0]; s.asking && s.peer != 0 && len(live) > 1 && now.Sub(s.asked) >= patienceFor(s.took) {
		s.refuse(s.peer)
	}
}

// mayFetch reports whether there is room for another batch of span k. The span
// in front is held up by nothing but its own verification. The further behind a
// span is, the smaller the part of it that may be fetched already: so spans
// become complete one after the other, and as many as possible are fetched at a
// time with what memory there is.
func (p *headerPlan) mayFetch(k int) bool {
	s := p.spans[k]
	if k == 0 {
		return s.fetched-s.folded < walkDepth
	}
	length := walkDepth
	if s.until.Height > 0 {
		length = (int(s.until.Height-s.start.Height) + p.full - 1) / p.full
	}
	spans := min(max(1+2*maxAhead/length, 2), maxSpans)
	quota := (length*(spans-k) + spans - 1) / spans
	return s.fetched < quota && p.ahead() < maxAhead
}

// ahead returns how many batches of spans behind the one in front are held or
// asked for.
func (p *headerPlan) ahead() int {
	n := 0
	for _, s := range p.spans[1:min(len(p.spans), maxSpans)] {
		n += s.fetched
		if s.asking {
			n++
		}
	}
	return n
}

// arrived takes the reply of a peer and returns its number in the span: the
// next one may be asked for while this one is verified. A reply that does not
// fit makes the span start over with another peer.
func (p *headerPlan) arrived(a headerAsk, from uint64, payload []byte, now time.Time) (number int, err error) {
	s := a.span
	if a.attempt != s.attempt {
		return 0, errOutdated
	}
	s.asking = false
	last, fits := s.follow(payload, p.full)
	if !fits {
		s.refuse(from)
		return 0, errElsewhere
	}
	short := len(payload)/headerStride < p.full
	s.peer, s.next, s.took = from, last, now.Sub(s.asked)
	s.complete = s.until.Height == 0 && short || s.until.Height != 0 && last == s.until
	s.fetched++
	return s.fetched - 1, nil
}

// follow returns the last of the headers in a reply, and whether they can be
// the next ones of the span. An open span may end at any time, also with
// nothing.
func (s *span) follow(payload []byte, full int) (last consensus.BlockID, fits bool) {
	n := len(payload) / headerStride
	if n == 0 {
		return s.next, s.until.Height == 0
	}
	first := payload[len(payload)-n*headerStride:]
	h := consensus.Header(first[:consensus.HeaderSize])
	if h.PrevBlock() != s.next.Hash {
		return last, false
	}
	h = consensus.Header(payload[len(payload)-headerStride : len(payload)-1])
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

// failed takes note that a request got no reply. The peer (zero: none in
// particular) is given one more chance.
func (p *headerPlan) failed(a headerAsk, from uint64) {
	s := a.span
	switch {
	case a.attempt != s.attempt:
	case slices.Contains(s.silent, from):
		s.refuse(from)
	default:
		s.silent = append(s.silent, from)
		s.restart()
	}
}

// verified takes a batch that has been prepared.
func (p *headerPlan) verified(a headerAsk, number int, b prepared) {
	if a.attempt == a.span.attempt {
		a.span.ready[number] = b
	}
}

// peek returns the batch that is next in the order of the chain, if it is
// verified. It is accepted or refused before the next one.
func (p *headerPlan) peek() (prepared, bool) {
	if p.done() {
		return prepared{}, false
	}
	s := p.spans[0]
	b, ok := s.ready[s.folded]
	return b, ok
}

// accept takes note that the batch from peek is on the chain, and returns
// whether it was the last one there is.
func (p *headerPlan) accept() (last bool) {
	s := p.spans[0]
	delete(s.ready, s.folded)
	s.folded++
	if !s.complete || s.folded < s.fetched {
		return false
	}
	p.spans = p.spans[1:]
	return p.done()
}

// refuse takes note that the batch from peek did not go on the chain.
func (p *headerPlan) refuse() {
	s := p.spans[0]
	s.refuse(s.ready[s.folded].from)
}

// refuse makes a span start over without a peer (zero: whoever comes).
func (s *span) refuse(id uint64) {
	if id != 0 && !slices.Contains(s.avoid, id) {
		s.avoid = append(slices.Clone(s.avoid), id)
	}
	s.restart()
}

// restart makes a span start over at its first header, also when some are on the
// chain already: they may be of a branch that does not lead to its end.
func (s *span) restart() {
	s.next, s.peer, s.asking, s.complete = s.start, 0, false, false
	s.fetched, s.folded = 0, 0
	s.attempt++
	clear(s.ready)
}
