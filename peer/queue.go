package peer

import (
	"context"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// waiter is a request that waits for a peer with room for it.
type waiter struct {
	want    want
	granted chan *member // capacity one; nil means that the peer wanted is gone
}

// grant is a peer, or nil, for the waiter that leaves the queue with it.
type grant struct {
	to *waiter
	m  *member
}

// update changes what decides about requests, and then grants what has become
// possible: first under the lock, so that nobody else gets it, and then to those
// who wait.
func (p *Pool) update(change func()) {
	for _, g := range p.possible(change) {
		g.to.granted <- g.m
	}
}

// possible makes a change and returns the grants that have become possible by it.
func (p *Pool) possible(change func()) []grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	return p.serve()
}

// acquire returns a peer with room for one more request, which is then counted
// against that peer until settle. It waits its turn for one: freed room goes to
// whoever waits longest and may use it.
func (p *Pool) acquire(ctx context.Context, w want) (*member, error) {
	q := &waiter{want: w, granted: make(chan *member, 1)}
	p.update(func() { p.queue = append(p.queue, q) })
	timer := wait.NewTimer(queueAgain)
	defer timer.Stop()
	for {
		select {
		case m := <-q.granted:
			if m == nil {
				return nil, &Error{Reason: Gone}
			}
			return m, nil
		case <-ctx.Done():
			p.resign(q)
			return nil, &Error{Reason: Cancelled, Err: ctx.Err()}
		case <-timer.C():
			timer.Reset(queueAgain)
			p.lookAgain(q)
		}
	}
}

// queueAgain is how often the queue is looked through although no request has ended, for
// a peer gets requests again once some time has passed.
const queueAgain = time.Second

// lookAgain looks the queue through if a waiter is the first one in it.
func (p *Pool) lookAgain(q *waiter) {
	p.mu.Lock()
	first := len(p.queue) > 0 && p.queue[0] == q && len(p.members) > 0
	p.mu.Unlock()
	if first {
		p.update(func() {})
	}
}

// resign takes a waiter out of the queue, or gives back what it was granted at
// the last moment.
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

// serve takes those out of the queue, in their order, whom there is a peer for
// now, and counts their requests.
func (p *Pool) serve() []grant {
	if len(p.queue) == 0 {
		return nil
	}
	var members []*member
	var candidates []candidate
	now := p.cfg.Now()
	for _, m := range p.members {
		if m.live() {
			members = append(members, m)
			candidates = append(candidates, p.candidate(m, now))
		}
	}
	var grants []grant
	var full [numKinds]bool // for requests that any peer may answer
	p.queue = slices.DeleteFunc(p.queue, func(q *waiter) bool {
		plain := q.want.only == 0 && len(q.want.avoid) == 0
		if plain && full[q.want.kind] {
			return false // those before it in the queue have not found room either
		}
		i := choose(candidates, q.want, p.cfg.MaxBytes)
		if i < 0 {
			full[q.want.kind] = full[q.want.kind] || plain
			gone := q.want.only != 0 && !slices.ContainsFunc(candidates, func(c candidate) bool { return c.id == q.want.only })
			if gone {
				grants = append(grants, grant{q, nil})
			}
			return gone
		}
		members[i].count(q.want)
		candidates[i] = p.candidate(members[i], now)
		grants = append(grants, grant{q, members[i]})
		return true
	})
	return grants
}

// count counts a request as in flight.
func (m *member) count(w want) {
	m.requests++
	m.bytes += w.bytes
	if w.spread {
		m.blocks++
	}
}

// uncount takes back what count did.
func (m *member) uncount(w want) {
	m.requests--
	m.bytes -= w.bytes
}

// settle ends what acquire began: it notes how the request went.
func (p *Pool) settle(m *member, w want, r *request, bytes int, err error) {
	p.update(func() {
		m.uncount(w)
		switch reasonOf(err) {
		case unknownReason: // no error
			p.answered(m, r, bytes)
		case NotFound:
			m.silent = 0
		case Timeout:
			p.unanswered(m, r)
		}
	})
}
