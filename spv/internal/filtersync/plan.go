package filtersync

import (
	"slices"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Sizes and times of the filter window.
const (
	// ChunkSize is the greatest number of filters in one request (wire:
	// MaxCFiltersV2PerBatch).
	ChunkSize = 100

	// chunksPerPeer is how many chunks may be in flight for each live peer:
	// enough for 15 MB/s at a round trip of 50 ms. The window begins with
	// minFlying and grows by one with each reply.
	chunksPerPeer = 64
	minFlying     = 4

	// maxWindowBytes bounds the estimated size of what is in flight or waits in
	// memory for a chunk that is missing.
	maxWindowBytes = 5 << 20

	// chunkPatience is how long the chunk that all others wait for may take
	// before another peer is asked for it too, at first and at most. Once times
	// were measured it is the time that few replies exceed, and at least
	// minPatience.
	chunkPatience = 2 * time.Second
	minPatience   = 250 * time.Millisecond
)

// chunk is a run of filters that is requested at once.
type chunk struct {
	start consensus.Height
	n     int
	avoid []p2p.PeerID // the peers that failed on it
	tries int          // how often it has failed
}

// end returns the last height of the chunk.
func (c chunk) end() consensus.Height { return c.start + consensus.Height(c.n) - 1 }

// Delay is a run of blocks whose filters some live peers were asked for in vain. It is the zero
// value while all goes well.
type Delay struct {
	From, To consensus.Height
	Failed   int // peers
}

// flight is a chunk that was requested and has not arrived.
type flight struct {
	chunk
	copies int       // open requests
	since  time.Time // of the newest one
}

// filterPlan decides which filters to request. It hands out chunks in height order, chunks that
// failed first, and accepts the replies in any order. It is a pure value: no clock, no network.
type filterPlan struct {
	done   consensus.Height // all filters up to it have been popped
	next   consensus.Height // the first height never handed out
	flying map[consensus.Height]*flight
	ready  map[consensus.Height]*consensus.FilterBatch

	requests int           // that are open
	failures int           // chunks without an open request
	window   int           // how many requests may be
	size     int           // of a chunk in bytes, estimated
	mean     time.Duration // of a reply, and how far it is off on average; zero if unknown
	off      time.Duration
}

// newFilterPlan returns a plan for the filters above a height.
func newFilterPlan(filtered consensus.Height) *filterPlan {
	return &filterPlan{
		done:   filtered,
		next:   filtered + 1,
		flying: make(map[consensus.Height]*flight),
		ready:  make(map[consensus.Height]*consensus.FilterBatch),
		window: minFlying,
	}
}

// take hands out the next chunk of filters up to tip, if one may be asked for
// now with so many live peers. A chunk shorter than ChunkSize is only handed
// out if partial is set.
func (p *filterPlan) take(tip consensus.Height, peers int, partial bool, now time.Time) (chunk, bool) {
	if p.requests >= max(minFlying, min(p.window, peers*chunksPerPeer)) {
		return chunk{}, false
	}
	if p.failures > 0 {
		p.failures--
		return p.request(p.lowestFailed(), now), true
	}
	if front := p.flying[p.done+1]; front != nil && front.copies == 1 && peers > 1 && now.Sub(front.since) >= p.patience() {
		return p.request(front, now), true
	}
	n := int(min(tip-p.next+1, ChunkSize))
	if n <= 0 || n < ChunkSize && !partial || !p.hasRoom() {
		return chunk{}, false
	}
	f := &flight{chunk: chunk{start: p.next, n: n}}
	p.flying[f.start] = f
	p.next += consensus.Height(n)
	return p.request(f, now), true
}

// hasRoom reports whether one more chunk fits into memory.
func (p *filterPlan) hasRoom() bool {
	n := len(p.ready) + len(p.flying)
	return n < minFlying || (n+1)*p.size <= maxWindowBytes
}

// lowestFailed returns the lowest chunk without an open request.
func (p *filterPlan) lowestFailed() *flight {
	var lowest *flight
	for _, f := range p.flying {
		if f.copies == 0 && (lowest == nil || f.start < lowest.start) {
			lowest = f
		}
	}
	return lowest
}

// patience returns how long the chunk in front may take: three mean deviations
// above the mean, which for replies that are spread normally or exponentially is
// a little above what 95 % of them take.
func (p *filterPlan) patience() time.Duration {
	if p.mean == 0 {
		return chunkPatience
	}
	return min(max(p.mean+3*p.off, minPatience), chunkPatience)
}

// request counts one more request for a chunk.
func (p *filterPlan) request(f *flight, now time.Time) chunk {
	p.requests++
	f.copies++
	f.since = now
	return f.chunk
}

// failed records that a peer (zero: none in particular) did not deliver a chunk. Unless another
// request for it is open, it is handed out again, before all others.
func (p *filterPlan) failed(start consensus.Height, from p2p.PeerID) {
	f := p.flying[start]
	if f == nil { // another peer has delivered it
		return
	}
	p.requests--
	f.copies--
	f.tries++
	if f.copies == 0 {
		p.failures++
	}
	if from != 0 && !slices.Contains(f.avoid, from) {
		f.avoid = append(slices.Clone(f.avoid), from)
	}
}

// arrived records the filters of a chunk, which took so many bytes. The first reply counts of a
// chunk that was requested twice.
func (p *filterPlan) arrived(b *consensus.FilterBatch, bytes int, now time.Time) {
	f := p.flying[b.First().Height]
	if f == nil {
		return
	}
	delete(p.flying, f.start)
	p.ready[f.start] = b
	p.requests -= f.copies
	p.window++
	if p.size == 0 {
		p.size = bytes
	}
	p.size += (bytes - p.size) / 8
	if f.copies == 1 {
		p.measured(now.Sub(f.since))
	}
}

// measured records how long a reply took.
func (p *filterPlan) measured(took time.Duration) {
	if p.mean == 0 {
		p.mean, p.off = took, took/2
		return
	}
	p.off += ((took - p.mean).Abs() - p.off) / 8
	p.mean += (took - p.mean) / 8
}

// holds reports whether the batch that is next in height order has arrived.
func (p *filterPlan) holds() bool { return p.ready[p.done+1] != nil }

// pop returns the batch that is next in height order, if it has arrived.
func (p *filterPlan) pop() *consensus.FilterBatch {
	b := p.ready[p.done+1]
	if b != nil {
		delete(p.ready, p.done+1)
		p.done += consensus.Height(b.Len())
	}
	return b
}

// awaits reports whether a chunk is requested and has not arrived.
func (p *filterPlan) awaits(start consensus.Height) bool { return p.flying[start] != nil }

// idle reports whether nothing is asked for or held.
func (p *filterPlan) idle() bool { return len(p.flying) == 0 && len(p.ready) == 0 }

// delay returns the chunk that all others wait for, if live peers have failed on it.
func (p *filterPlan) delay(live []p2p.PeerID) Delay {
	front := p.flying[p.done+1]
	if front == nil {
		return Delay{}
	}
	failed := 0
	for _, id := range front.avoid {
		if slices.Contains(live, id) {
			failed++
		}
	}
	if failed == 0 {
		return Delay{}
	}
	return Delay{From: front.start, To: front.end(), Failed: failed}
}
