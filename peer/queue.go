package peer

import (
	"context"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/pick"
)

// waiter is a request that waits for a peer with room for it.
type waiter struct {
	want    pick.Want
	granted chan *member // capacity one; nil means that the only peer wanted is gone
}

// grant is a peer for a waiter that has left the queue; nil if the only peer wanted is gone.
type grant struct {
	to *waiter
	m  *member
}

// update changes state that decides about requests, and then grants the requests that have
// become possible: it assigns the peers under the lock, so that no other request gets them,
// and then wakes the waiters.
func (p *Pool) update(change func()) {
	for _, g := range p.possible(change) {
		g.to.granted <- g.m
	}
}

// possible makes a change and returns the grants that it makes possible.
func (p *Pool) possible(change func()) []grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	return p.serveLocked()
}

// acquire waits for a peer with room for one more request and returns it. The request counts
// against that peer until finishRequest. Freed room goes to the request that has waited
// longest among those that may use it.
func (p *Pool) acquire(ctx context.Context, w pick.Want) (*member, error) {
	q := &waiter{want: w, granted: make(chan *member, 1)}
	p.update(func() { p.queue = append(p.queue, q) })
	timer := wait.NewTimer(queueAgain)
	defer timer.Stop()
	for {
		select {
		case m := <-q.granted:
			if m == nil {
				return nil, &fault.Error{Reason: fault.Gone}
			}
			return m, nil
		case <-ctx.Done():
			p.resign(q)
			return nil, &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
		case <-timer.C():
			timer.Reset(queueAgain)
			p.lookAgain(q)
		}
	}
}

// queueAgain is how often the queue is examined although no request has ended: a silent peer
// gets requests again after some time.
const queueAgain = time.Second

// lookAgain examines the queue if q is the first waiter in it.
func (p *Pool) lookAgain(q *waiter) {
	p.mu.Lock()
	first := len(p.queue) > 0 && p.queue[0] == q && len(p.members) > 0
	p.mu.Unlock()
	if first {
		p.update(func() {})
	}
}

// resign removes a waiter from the queue, or returns the peer that it was granted at the last
// moment.
func (p *Pool) resign(q *waiter) {
	p.mu.Lock()
	i := slices.Index(p.queue, q)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		return
	}
	if m := <-q.granted; m != nil {
		p.update(func() { m.uncount(q.want) })
	}
}

// serveLocked removes from the queue, in order, the waiters for which there is a peer now, and
// counts their requests.
func (p *Pool) serveLocked() []grant {
	if len(p.queue) == 0 {
		return nil
	}
	var members []*member
	var candidates []pick.Candidate
	for _, m := range p.members {
		if m.Live() {
			members = append(members, m)
			candidates = append(candidates, p.candidateLocked(m))
		}
	}
	var grants []grant
	var full [conn.NumKinds]bool // for requests that any peer may answer
	p.queue = slices.DeleteFunc(p.queue, func(q *waiter) bool {
		plain := q.want.Only == 0 && len(q.want.Avoid) == 0
		if plain && full[q.want.Kind] {
			return false // an earlier waiter of this kind has not found room either
		}
		i := pick.Choose(candidates, q.want, p.cfg.maxBytes)
		if i < 0 {
			full[q.want.Kind] = full[q.want.Kind] || plain
			gone := q.want.Only != 0 && !slices.ContainsFunc(candidates, func(c pick.Candidate) bool { return c.ID == q.want.Only })
			if gone {
				grants = append(grants, grant{q, nil})
			}
			return gone
		}
		members[i].count(q.want)
		candidates[i] = p.candidateLocked(members[i])
		grants = append(grants, grant{q, members[i]})
		return true
	})
	return grants
}

// count counts a request as in flight.
func (m *member) count(w pick.Want) {
	m.requests++
	m.bytes += w.Bytes
	if w.Spread {
		m.blocks++
	}
}

// uncount reverts count.
func (m *member) uncount(w pick.Want) {
	m.requests--
	m.bytes -= w.Bytes
}

// finishRequest ends a request that acquire counted, and records how the request went.
func (p *Pool) finishRequest(m *member, w pick.Want, r *conn.Request, bytes int, err error) {
	p.update(func() {
		m.uncount(w)
		switch fault.ReasonOf(err) {
		case fault.Unknown: // no error
			p.answeredLocked(m, r, bytes)
		case fault.NotFound:
			m.silent = 0
		case fault.Timeout:
			p.unansweredLocked(m, r)
		}
	})
}
