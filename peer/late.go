package peer

import "github.com/decred/dcrd/chaincfg/chainhash"

// Limits on the late replies that wait for TakeLate, in bytes: of one peer, whose first one
// always fits, and of all. Further ones are dropped.
const (
	maxLateOfPeer = 1 << 20
	maxLateOfAll  = 16 << 20
)

// lateReply is the reply to a request that another peer had answered, or that was abandoned.
type lateReply struct {
	from    uint64
	request *request
	payload []byte
}

// lateReplies holds late replies, oldest first. It is a plain value: the pool's lock guards
// it.
type lateReplies struct {
	items []lateReply
	bytes int
}

// put appends a reply, unless that exceeds the limits.
func (q *lateReplies) put(l lateReply) {
	ofPeer := 0
	for _, o := range q.items {
		if o.from == l.from {
			ofPeer += len(o.payload)
		}
	}
	size := len(l.payload)
	if ofPeer > 0 && ofPeer+size > maxLateOfPeer || q.bytes+size > maxLateOfAll {
		return
	}
	q.items = append(q.items, l)
	q.bytes += size
}

// take removes the oldest reply, and returns false if there is none.
func (q *lateReplies) take() (lateReply, bool) {
	if len(q.items) == 0 {
		return lateReply{}, false
	}
	l := q.items[0]
	q.items[0] = lateReply{}
	q.items = q.items[1:]
	q.bytes -= len(l.payload)
	if len(q.items) == 0 {
		q.items = nil
	}
	return l, true
}

// keepLate keeps a late reply for TakeLate. The caller holds the pool's lock.
func (p *Pool) keepLate(from uint64, r *request, payload []byte) {
	if r.kind == getCFilter || len(payload) == 0 {
		return // no caller proves single filters
	}
	p.lateOnes.put(lateReply{from, r, payload})
	poke(p.changed)
}

// TakeLate removes the oldest reply that arrived after another peer had answered its request,
// or after the request was abandoned. It calls the function for its kind with the peer, the
// requested blocks and the payload, whose form is checked as that of other replies. It
// returns false, without a call, if there is none. The bytes of late replies are bounded;
// further ones are dropped. Changed is poked when there is one.
func (p *Pool) TakeLate(
	headers func(id uint64, locator []chainhash.Hash, payload []byte),
	filters func(id uint64, start, end chainhash.Hash, payload []byte),
	block func(id uint64, hash chainhash.Hash, payload []byte),
) bool {
	p.mu.Lock()
	l, ok := p.lateOnes.take()
	p.mu.Unlock()
	if !ok {
		return false
	}
	switch r := l.request; r.kind {
	case getHeaders:
		headers(l.from, r.locator, l.payload)
	case getCFilters:
		filters(l.from, r.first, r.last, l.payload)
	case getBlock:
		block(l.from, r.first, l.payload)
	}
	return true
}
