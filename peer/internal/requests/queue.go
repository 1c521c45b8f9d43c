package requests

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// queueAgain is how often the queue is examined although no request has ended: a silent peer
// gets requests again after some time.
const queueAgain = time.Second

// queue holds the requests that wait for a peer with room, and the peers.
type queue struct {
	deps Deps

	mu      sync.Mutex
	links   []*link   // by rising id
	waiting []*waiter // oldest first
	sizes   pick.Sizes
	delays  [conn.NumKinds]pick.Delays
}

// waiter is a request that waits for a peer with room for it.
type waiter struct {
	want    pick.Want
	granted chan *link // capacity one; nil means that the only peer wanted is gone
}

// grant is a peer for a waiter that has left the queue; nil if the only peer wanted is gone.
type grant struct {
	to *waiter
	l  *link
}

// join makes a peer available, which grants requests that wait.
func (q *queue) join(p *roster.Peer) {
	l := &link{Peer: p, window: min(pick.FirstWindow, q.deps.MaxRequests)}
	q.update(func() {
		l.blocks = max(q.deps.Blocks(p.Host), q.shareLocked())
		q.links = append(q.links, l)
	})
}

// shareLocked returns how many blocks a peer was asked for on average. A new peer starts with this
// number: from then on blocks are spread evenly, and reconnecting brings a peer no more of them.
func (q *queue) shareLocked() int {
	if len(q.links) == 0 {
		return 0
	}
	sum := 0
	for _, l := range q.links {
		sum += l.blocks
	}
	return sum / len(q.links)
}

// leave removes a peer, which fails the requests that wait for it and no other.
func (q *queue) leave(p *roster.Peer) {
	q.update(func() {
		i := slices.IndexFunc(q.links, func(l *link) bool { return l.Peer == p })
		q.deps.SetBlocks(p.Host, q.links[i].blocks)
		q.links = slices.Delete(q.links, i, i+1)
	})
}

// load returns the load of a peer; zero if it is not there.
func (q *queue) load(p *roster.Peer) Load {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.links {
		if l.Peer == p {
			return Load{Requests: l.requests, Bytes: l.bytes, Rate: l.gauge.Rate()}
		}
	}
	return Load{}
}

// update changes state that decides about requests, and then grants the requests that have
// become possible: it assigns the peers under the lock, so that no other request gets them,
// and then wakes the waiters.
func (q *queue) update(change func()) {
	for _, g := range q.possible(change) {
		g.to.granted <- g.l
	}
}

// possible makes a change and returns the grants that it makes possible.
func (q *queue) possible(change func()) []grant {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
	return q.serveLocked()
}

// acquire waits for a peer with room for one more request and returns it. The request counts
// against that peer until finish. Freed room goes to the request that has waited longest among
// those that may use it.
func (q *queue) acquire(ctx context.Context, want pick.Want) (*link, error) {
	w := &waiter{want: want, granted: make(chan *link, 1)}
	q.update(func() { q.waiting = append(q.waiting, w) })
	timer := wait.NewTimer(queueAgain)
	defer timer.Stop()
	for {
		select {
		case l := <-w.granted:
			if l == nil {
				return nil, &fault.Error{Reason: fault.Gone}
			}
			return l, nil
		case <-ctx.Done():
			q.resign(w)
			return nil, &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
		case <-timer.C():
			timer.Reset(queueAgain)
			q.lookAgain(w)
		}
	}
}

// acquireNow is acquire without a wait: it returns nil if no peer outside avoid has room.
func (q *queue) acquireNow(want pick.Want, avoid []p2p.PeerID) *link {
	q.mu.Lock()
	defer q.mu.Unlock()
	links, candidates := q.candidatesLocked(avoid)
	i := pick.Choose(candidates, pick.Want{Kind: want.Kind, Bytes: want.Bytes, Spread: want.Spread, Again: true}, q.deps.MaxBytes)
	if i < 0 {
		return nil
	}
	links[i].count(want)
	return links[i]
}

// candidatesLocked returns the live peers outside avoid, and the snapshots by which one of them is
// chosen.
func (q *queue) candidatesLocked(avoid []p2p.PeerID) (links []*link, candidates []pick.Candidate) {
	for _, l := range q.links {
		if l.Live() && !slices.Contains(avoid, l.ID) {
			links = append(links, l)
			candidates = append(candidates, l.candidate(q.deps.Score(l.Host)))
		}
	}
	return links, candidates
}

// lookAgain examines the queue if w is the first waiter in it.
func (q *queue) lookAgain(w *waiter) {
	q.mu.Lock()
	first := len(q.waiting) > 0 && q.waiting[0] == w && len(q.links) > 0
	q.mu.Unlock()
	if first {
		q.update(func() {})
	}
}

// resign removes a waiter from the queue, or returns the peer that it was granted at the last
// moment.
func (q *queue) resign(w *waiter) {
	if q.remove(w) {
		return
	}
	if l := <-w.granted; l != nil {
		q.update(func() { l.uncount(w.want) })
	}
}

// remove removes a waiter from the queue, and reports whether it was there.
func (q *queue) remove(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// serveLocked removes from the queue, in order, the waiters for which there is a peer now, and
// counts their requests.
func (q *queue) serveLocked() []grant {
	if len(q.waiting) == 0 {
		return nil
	}
	links, candidates := q.candidatesLocked(nil)
	var grants []grant
	var full [conn.NumKinds]bool // for requests that any peer may answer
	q.waiting = slices.DeleteFunc(q.waiting, func(w *waiter) bool {
		plain := w.want.Only == 0 && len(w.want.Avoid) == 0
		if plain && full[w.want.Kind] {
			return false // an earlier waiter of this kind has not found room either
		}
		i := pick.Choose(candidates, w.want, q.deps.MaxBytes)
		if i < 0 {
			full[w.want.Kind] = full[w.want.Kind] || plain
			gone := w.want.Only != 0 && !slices.ContainsFunc(candidates, func(c pick.Candidate) bool { return c.ID == w.want.Only })
			if gone {
				grants = append(grants, grant{w, nil})
			}
			return gone
		}
		l := links[i]
		l.count(w.want)
		candidates[i] = l.candidate(candidates[i].Points)
		grants = append(grants, grant{w, l})
		return true
	})
	return grants
}

// finish ends a request that acquire counted, and records how the request went.
func (q *queue) finish(l *link, w pick.Want, r *conn.Request, bytes int, err error) {
	why := fault.ReasonOf(err)
	q.update(func() {
		l.uncount(w)
		switch why {
		case fault.Unknown: // no error
			l.answered(r.Kind())
			l.window = min(l.window+1, q.deps.MaxRequests)
			l.gauge.Delivered(r.Kind(), bytes, l.RTT(), r.Sent(), time.Now())
			q.delays[r.Kind()].Seen(l.Delay(r))
			q.sizes.Seen(r.Kind(), bytes)
		case fault.NotFound:
			l.silent = 0
		case fault.Timeout:
			q.unansweredLocked(l, r)
		}
	})
}

// unansweredLocked records that a request reached its deadline. A peer that stays silent gets fewer
// requests, and is disconnected when another one answers.
func (q *queue) unansweredLocked(l *link, r *conn.Request) {
	if !l.unanswered(r) {
		return
	}
	q.shunLocked(l, r.Kind())
	q.deps.TimedOut(l.Host)
	better := func(o *link) bool { return o != l && o.silent == 0 && o.Live() }
	if l.silent >= maxSilent && slices.ContainsFunc(q.links, better) {
		l.leave()
	}
}

// shunLocked is link.shun. After maxOwing times in a row an outbound peer is disconnected if
// another peer is better.
func (q *queue) shunLocked(l *link, k conn.Kind) {
	better := func(o *link) bool { return o != l && o.owing[k].n == 0 && o.Live() }
	if l.shun(k) >= maxOwing && l.Role() == roster.Outbound && slices.ContainsFunc(q.links, better) {
		l.leave()
	}
}

// replied records a late reply of a peer.
func (q *queue) replied(p *roster.Peer, r *conn.Request) {
	q.update(func() {
		i := slices.IndexFunc(q.links, func(l *link) bool { return l.Peer == p })
		if i < 0 {
			return
		}
		q.links[i].answered(r.Kind())
		q.delays[r.Kind()].Seen(p.Delay(r))
	})
}

// expect estimates the size of the reply to a request.
func (q *queue) expect(k conn.Kind) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sizes.Of(k)
}
