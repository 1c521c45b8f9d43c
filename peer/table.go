package peer

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// kind is a kind of request.
type kind uint8

const (
	getHeaders  kind = iota // getheaders, answered by headers
	getCFilters             // getcfsv2, answered by cfiltersv2
	getCFilter              // getcfilterv2, answered by cfilterv2
	getBlock                // getdata of one block, answered by block or notfound

	numKinds
)

// request is one question to one peer. The connection that it was sent on owns
// it until it is settled, which puts something into done exactly once, or until
// whoever waits for it abandons it.
type request struct {
	kind kind
	msg  wire.Message

	// first and last are the blocks of the reply: of its filters, or the block
	// itself. Of headers requests locator lists what may precede the reply, and
	// none means anything.
	first, last chainhash.Hash
	locator     []chainhash.Hash

	// most is the greatest size of the reply in bytes that can be right; zero if that is
	// not known.
	most int

	// sent is when it was put in line to be written.
	sent time.Time

	// number is its place in the order of sending, got the bytes of replies to it and to
	// requests before it that have come since, firstAt and gotAt when the first and the
	// last of them did. The connection's lock guards them.
	number         uint64
	got            int
	firstAt, gotAt time.Time

	// abandoned is set when nobody waits any more. The request stays in the
	// table, so that a late reply is known for what it is. It does not change any
	// more once the request was taken out.
	abandoned bool

	done chan reply // capacity one
}

// reply is how a request ended.
type reply struct {
	payload []byte
	err     error
}

// fits reports whether a reply of this shape can be the answer to r.
func (r *request) fits(s shape) bool {
	if r.kind != getHeaders {
		return s.first == r.first && s.last == r.last
	}
	return s.n == 0 || len(r.locator) == 0 || slices.Contains(r.locator, s.first)
}

// table is the requests of one connection that the peer has not answered, in
// the order they were sent. It is a plain value: the connection guards it.
type table struct {
	pending []*request
	sent    uint64 // requests so far
	most    int    // abandoned requests that are remembered
}

// Limits on what is remembered of abandoned requests. An honest node answers
// in order, so what is older than maxLate is never answered.
const (
	maxLate      = 5 * time.Minute
	maxAbandoned = 128 // besides as many as may be in flight
)

// add appends a request that is being sent, and forgets abandoned ones that are
// out of date. It reports false, and adds nothing, when too many are not.
func (t *table) add(r *request) bool {
	abandoned := 0
	t.pending = slices.DeleteFunc(t.pending, func(q *request) bool {
		if !q.abandoned {
			return false
		}
		if r.sent.Sub(q.sent) > maxLate {
			return true
		}
		abandoned++
		return false
	})
	if abandoned >= t.most+maxAbandoned {
		return false
	}
	t.sent++
	r.number = t.sent
	t.pending = append(t.pending, r)
	return true
}

// take removes and returns the request that a reply answers, nil if there is
// none. Replies to headers requests can only be told apart by their order, so
// the oldest fitting one is it. All others name their blocks: one that somebody
// waits for goes before an abandoned one.
func (t *table) take(k kind, s shape) *request {
	found := -1
	for i, r := range t.pending {
		if r.kind != k || !r.fits(s) {
			continue
		}
		if found < 0 || !r.abandoned {
			found = i
		}
		if k == getHeaders || !r.abandoned {
			break
		}
	}
	return t.cut(found)
}

// justified returns the greatest size in bytes that a reply of filters can have which
// begins with those of a block: that of any request for such filters, also of one that was
// abandoned. It is zero if there is no bound; asked is false if there is no such request.
func (t *table) justified(first chainhash.Hash) (most int, asked bool) {
	for _, r := range t.pending {
		switch {
		case r.kind != getCFilters || r.first != first:
		case r.most == 0:
			return 0, true
		default:
			most, asked = max(most, r.most), true
		}
	}
	return most, asked
}

// abandon marks a request as one that nobody waits for. It reports false if the
// request is not in the table any more.
func (t *table) abandon(r *request) bool {
	if !slices.Contains(t.pending, r) {
		return false
	}
	r.abandoned = true
	return true
}

// owed is how long an abandoned request counts as one that the peer may still answer.
const owed = 30 * time.Second

// abandoned returns how many requests the peer may still answer that nobody waits for.
func (t *table) abandoned(now time.Time) (n int) {
	for _, r := range t.pending {
		if r.abandoned && now.Sub(r.sent) < owed {
			n++
		}
	}
	return n
}

// oldest removes and returns the oldest request of a kind that somebody waits
// for, nil if there is none.
func (t *table) oldest(k kind) *request {
	return t.cut(slices.IndexFunc(t.pending, func(r *request) bool { return r.kind == k && !r.abandoned }))
}

// drain empties the table and returns the requests that somebody waits for.
func (t *table) drain() []*request {
	waiting := slices.DeleteFunc(t.pending, func(r *request) bool { return r.abandoned })
	t.pending = nil
	return waiting
}

// cut removes and returns the request at index i, nil if i is negative.
func (t *table) cut(i int) *request {
	if i < 0 {
		return nil
	}
	r := t.pending[i]
	t.pending = slices.Delete(t.pending, i, i+1)
	return r
}
