package conn

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Kind is the kind of a request.
type Kind uint8

const (
	GetHeaders  Kind = iota // getheaders, answered by headers
	GetCFilters             // getcfsv2, answered by cfiltersv2
	GetCFilter              // getcfilterv2, answered by cfilterv2
	GetBlock                // getdata of one block, answered by block or notfound

	NumKinds
)

// Request is one request to one peer. The connection that sent it owns it until it is
// completed, which sends to done exactly once, or abandoned by its caller.
type Request struct {
	kind Kind
	msg  wire.Message

	// first and last are the blocks of the reply: of its filters, or the block itself. For a
	// headers request locator lists the blocks that may precede the reply; an empty locator
	// allows any.
	first, last chainhash.Hash
	locator     []chainhash.Hash

	// most is the greatest size in bytes of a valid reply; zero if that is not known.
	most int

	// sent is when the request was queued for writing.
	sent time.Time

	// number is the position in the order of sending, got the number of bytes that have
	// arrived since of replies to this request and to earlier ones, firstAt and gotAt when
	// the first and the last of them arrived. The connection's lock guards them.
	number         uint64
	got            int
	firstAt, gotAt time.Time

	// abandoned is set when the caller has stopped waiting. The request stays in the table,
	// so that a late reply is recognised. The field does not change after the request was
	// removed from the table.
	abandoned bool

	done chan reply // capacity one
}

// reply is how a request ended.
type reply struct {
	payload []byte
	err     error
}

// fits reports whether a reply of this shape can answer r.
func (r *Request) fits(s shape) bool {
	if r.kind != GetHeaders {
		return s.first == r.first && s.last == r.last
	}
	return s.n == 0 || len(r.locator) == 0 || slices.Contains(r.locator, s.first)
}

// table holds the requests of one connection that the peer has not answered, in the order
// they were sent. It is a plain value: the connection guards it.
type table struct {
	pending []*Request
	sent    uint64 // requests so far
	most    int    // abandoned requests that are remembered
}

// Limits on remembered abandoned requests. An honest node answers in order, so a request
// older than maxLate is never answered.
const (
	maxLate      = 5 * time.Minute
	maxAbandoned = 128 // in addition to the requests that may be in flight
)

// add appends a request that is being sent, and forgets abandoned requests older than
// maxLate. It adds nothing and reports false when too many abandoned requests are newer.
func (t *table) add(r *Request) bool {
	abandoned := 0
	t.pending = slices.DeleteFunc(t.pending, func(q *Request) bool {
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

// take removes and returns the request that a reply answers, nil if there is none. Replies to
// headers requests can be distinguished only by their order: the oldest request that fits is
// answered. All other replies name their blocks: a request that is still waited for goes
// before an abandoned one.
func (t *table) take(k Kind, s shape) *Request {
	found := -1
	for i, r := range t.pending {
		if r.kind != k || !r.fits(s) {
			continue
		}
		if found < 0 || !r.abandoned {
			found = i
		}
		if k == GetHeaders || !r.abandoned {
			break
		}
	}
	return t.cut(found)
}

// justified returns the greatest valid size in bytes of a reply of filters that begins with
// the filter of block first: that of any request for such filters, abandoned ones included.
// It is zero if there is no bound; asked is false if there is no such request.
func (t *table) justified(first chainhash.Hash) (most int, asked bool) {
	for _, r := range t.pending {
		switch {
		case r.kind != GetCFilters || r.first != first:
		case r.most == 0:
			return 0, true
		default:
			most, asked = max(most, r.most), true
		}
	}
	return most, asked
}

// delivered counts bytes of a reply, which are progress for its request and for those that were
// sent after it, which wait for it: a node answers in order. Bytes for a later request are no
// progress for an earlier one.
func (t *table) delivered(r *Request, n int, now time.Time) {
	for _, q := range t.pending {
		if q.number < r.number {
			continue
		}
		if q.got == 0 {
			q.firstAt = now
		}
		q.got += n
		q.gotAt = now
	}
}

// abandon marks a request as abandoned. It reports false if the request is no longer in the
// table.
func (t *table) abandon(r *Request) bool {
	if !slices.Contains(t.pending, r) {
		return false
	}
	r.abandoned = true
	return true
}

// owed is how long after it was abandoned a request counts as one that the peer may still
// answer.
const owed = 30 * time.Second

// abandoned returns how many abandoned requests the peer may still answer.
func (t *table) abandoned(now time.Time) (n int) {
	for _, r := range t.pending {
		if r.abandoned && now.Sub(r.sent) < owed {
			n++
		}
	}
	return n
}

// oldest removes and returns the oldest request of a kind that is not abandoned, nil if there
// is none.
func (t *table) oldest(k Kind) *Request {
	return t.cut(slices.IndexFunc(t.pending, func(r *Request) bool { return r.kind == k && !r.abandoned }))
}

// drain empties the table and returns the requests that are not abandoned.
func (t *table) drain() []*Request {
	waiting := slices.DeleteFunc(t.pending, func(r *Request) bool { return r.abandoned })
	t.pending = nil
	return waiting
}

// cut removes and returns the request at index i, nil if i is negative.
func (t *table) cut(i int) *Request {
	if i < 0 {
		return nil
	}
	r := t.pending[i]
	t.pending = slices.Delete(t.pending, i, i+1)
	return r
}

// begun returns the request of a kind that is answered by a reply whose first block is given,
// nil if there is none. With anywhere headers may begin with any block.
func (t *table) begun(k Kind, first chainhash.Hash, anywhere bool) *Request {
	var oldest *Request
	for _, r := range t.pending {
		if r.kind != k {
			continue
		}
		if k != GetHeaders && r.first == first || k == GetHeaders && (len(r.locator) == 0 || first == chainhash.Hash{} || slices.Contains(r.locator, first)) {
			return r
		}
		if oldest == nil {
			oldest = r
		}
	}
	if k == GetHeaders && anywhere {
		return oldest
	}
	return nil
}
