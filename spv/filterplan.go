package spv

import (
	"slices"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// Sizes and times of the filter window.
const (
	// chunkSize is the greatest number of filters in one request (wire:
	// MaxCFiltersV2PerBatch).
	chunkSize = 100

	// chunksPerPeer is how many chunks are in flight for each live peer, within
	// the bounds of minFlying and maxFlying.
	chunksPerPeer = 4
	minFlying     = 4
	maxFlying     = 32

	// maxHeld is how many chunks may wait in memory for one that is missing.
	maxHeld = 128

	// chunkPatience is how long the chunk that all others wait for may take
	// before another peer is asked for it too.
	chunkPatience = 2 * time.Second
)

// chunk is a run of filters that is asked for in one request.
type chunk struct {
	start chain.Height
	n     int
	avoid []uint64 // the peers that failed on it
	tries int      // how often it has failed
}

// end returns the last height of the chunk.
func (c chunk) end() chain.Height { return c.start + chain.Height(c.n) - 1 }

// flight is a chunk that has been asked for and has not come.
type flight struct {
	chunk
	copies int       // requests under way
	since  time.Time // of the newest one
}

// filterPlan decides which filters to ask for. It hands out chunks in height
// order, chunks that failed first, and takes the replies in any order. It is a
// pure value: no clock, no network.
type filterPlan struct {
	done   chain.Height // all filters up to it have been popped
	next   chain.Height // the first height never handed out
	flying map[chain.Height]*flight
	ready  map[chain.Height]*chain.FilterBatch
}

// newFilterPlan returns a plan for the filters above a height.
func newFilterPlan(filtered chain.Height) *filterPlan {
	return &filterPlan{
		done:   filtered,
		next:   filtered + 1,
		flying: make(map[chain.Height]*flight),
		ready:  make(map[chain.Height]*chain.FilterBatch),
	}
}

// take hands out the next chunk of filters up to tip, if one may be asked for
// now with so many live peers. A chunk shorter than chunkSize is only handed
// out if partial is set.
func (p *filterPlan) take(tip chain.Height, peers int, partial bool, now time.Time) (chunk, bool) {
	requests := 0
	var failed *flight // the lowest that has no request under way
	for _, f := range p.flying {
		requests += f.copies
		if f.copies == 0 && (failed == nil || f.start < failed.start) {
			failed = f
		}
	}
	if requests >= max(minFlying, min(maxFlying, peers*chunksPerPeer)) {
		return chunk{}, false
	}
	if failed != nil {
		return failed.request(now), true
	}
	if front := p.flying[p.done+1]; front != nil && front.copies == 1 && peers > 1 && now.Sub(front.since) >= chunkPatience {
		return front.request(now), true
	}
	n := int(min(tip-p.next+1, chunkSize))
	if n <= 0 || n < chunkSize && !partial || len(p.ready)+len(p.flying) >= maxHeld {
		return chunk{}, false
	}
	f := &flight{chunk: chunk{start: p.next, n: n}}
	p.flying[f.start] = f
	p.next += chain.Height(n)
	return f.request(now), true
}

// request counts one more request for the chunk.
func (f *flight) request(now time.Time) chunk {
	f.copies++
	f.since = now
	return f.chunk
}

// failed takes note that a peer (zero: none in particular) did not deliver a
// chunk. Unless another request for it is under way, it is handed out again,
// before all others.
func (p *filterPlan) failed(start chain.Height, from uint64) {
	f := p.flying[start]
	if f == nil { // another peer has delivered it
		return
	}
	f.copies--
	f.tries++
	if from != 0 && !slices.Contains(f.avoid, from) {
		f.avoid = append(slices.Clone(f.avoid), from)
	}
}

// arrived takes the filters of a chunk. Of a chunk that was asked for twice
// the first one counts.
func (p *filterPlan) arrived(b *chain.FilterBatch) {
	start := b.First().Height
	if p.flying[start] == nil {
		return
	}
	delete(p.flying, start)
	p.ready[start] = b
}

// pop returns the batch that is next in height order, if it has arrived.
func (p *filterPlan) pop() *chain.FilterBatch {
	b := p.ready[p.done+1]
	if b != nil {
		delete(p.ready, p.done+1)
		p.done += chain.Height(b.Len())
	}
	return b
}

// idle reports whether nothing is asked for or held.
func (p *filterPlan) idle() bool { return len(p.flying) == 0 && len(p.ready) == 0 }

// delay returns the chunk that all others wait for, if live peers have failed
// on it.
func (p *filterPlan) delay(live map[uint64]*witness) delay {
	front := p.flying[p.done+1]
	if front == nil {
		return delay{}
	}
	failed := 0
	for _, id := range front.avoid {
		if live[id] != nil {
			failed++
		}
	}
	if failed == 0 {
		return delay{}
	}
	return delay{from: front.start, to: front.end(), failed: failed}
}
