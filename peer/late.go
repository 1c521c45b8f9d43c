package peer

import (
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/spv/p2p"
)

// Limits on the late replies that wait for TakeLate, in bytes: of one peer, whose first one
// always fits, and of all. Further ones are dropped.
const (
	maxLateOfPeer = 1 << 20
	maxLateOfAll  = 16 << 20
)

// lateReplies holds late replies, oldest first. It is a plain value: the pool's lock guards
// it.
type lateReplies struct {
	items []p2p.LateReply
	bytes int
}

// put appends a reply, unless that exceeds the limits.
func (q *lateReplies) put(l p2p.LateReply) {
	ofPeer := 0
	for _, o := range q.items {
		if o.From == l.From {
			ofPeer += len(o.Payload)
		}
	}
	size := len(l.Payload)
	if ofPeer > 0 && ofPeer+size > maxLateOfPeer || q.bytes+size > maxLateOfAll {
		return
	}
	q.items = append(q.items, l)
	q.bytes += size
}

// take removes the oldest reply, and returns false if there is none.
func (q *lateReplies) take() (p2p.LateReply, bool) {
	if len(q.items) == 0 {
		return p2p.LateReply{}, false
	}
	l := q.items[0]
	q.items[0] = p2p.LateReply{}
	q.items = q.items[1:]
	q.bytes -= len(l.Payload)
	if len(q.items) == 0 {
		q.items = nil
	}
	return l, true
}

// keepLateLocked keeps a late reply for TakeLate. The caller holds the pool's lock.
func (p *Pool) keepLateLocked(from p2p.PeerID, r *conn.Request, payload []byte) {
	l, ok := r.Late(from, payload)
	if !ok {
		return
	}
	p.lateOnes.put(l)
	poke(p.changed)
}

// TakeLate removes and returns the oldest reply that arrived after another peer had answered
// its request, or after the request was abandoned. The form of its payload is checked as that
// of other replies. It returns false if there is none. The bytes of late replies are bounded;
// further ones are dropped. Changed is poked when there is one.
func (p *Pool) TakeLate() (p2p.LateReply, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lateOnes.take()
}
