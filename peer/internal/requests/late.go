package requests

import (
	"sync"

	"github.com/spvd/spvd/spv/p2p"
)

// Limits on the late replies that wait for TakeLate, in bytes: of one peer, whose first one
// always fits, and of all. Further ones are dropped.
const (
	maxLateOfPeer = 1 << 20
	maxLateOfAll  = 16 << 20
)

// lateReplies holds late replies, oldest first.
type lateReplies struct {
	mu    sync.Mutex
	items []p2p.LateReply
	bytes int
}

// put appends a reply, unless that exceeds the limits.
func (q *lateReplies) put(l p2p.LateReply) {
	q.mu.Lock()
	defer q.mu.Unlock()
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
	q.mu.Lock()
	defer q.mu.Unlock()
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
