package peer

import (
	"context"
	"slices"
)

// waiter is a request that no peer had room for.
type waiter struct {
	want    want
	granted chan *member // capacity one; nil means that the peer wanted is gone
}

// acquire returns a peer with room for one more request, which is then counted
// against that peer until release. It waits its turn for one: freed room goes to
// whoever waits longest and may use it.
func (p *Pool) acquire(ctx context.Context, w want) (*member, error) {
	q := &waiter{want: w, granted: make(chan *member, 1)}
	p.mu.Lock()
	p.queue = append(p.queue, q)
	p.serve()
	p.mu.Unlock()

	select {
	case m := <-q.granted:
		if m == nil {
			return nil, &Error{Reason: Gone}
		}
		return m, nil
	case <-ctx.Done():
		p.resign(q)
		return nil, &Error{Reason: Cancelled, Err: context.Cause(ctx)}
	}
}

// resign takes a waiter out of the queue, or gives back what it was granted at
// the last moment.
func (p *Pool) resign(q *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.queue, q); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
		return
	}
	if m := <-q.granted; m != nil {
		p.putBack(m, q.want)
	}
}

// putBack uncounts a request and serves the queue with the room it had.
func (p *Pool) putBack(m *member, w want) {
	m.requests--
	m.bytes -= w.bytes
	p.serve()
}

// serve grants what can be granted to those who wait, in their order. It is
// called whenever room or peers may have come or gone.
func (p *Pool) serve() {
	if len(p.queue) == 0 {
		return
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
	p.queue = slices.DeleteFunc(p.queue, func(q *waiter) bool {
		i := choose(candidates, q.want, p.cfg.MaxBytes)
		if i < 0 {
			gone := q.want.only != 0 && !slices.ContainsFunc(members, func(m *member) bool { return m.id == q.want.only })
			if gone {
				q.granted <- nil
			}
			return gone
		}
		members[i].requests++
		members[i].bytes += q.want.bytes
		candidates[i].requests++
		candidates[i].bytes += q.want.bytes
		q.granted <- members[i]
		return true
	})
}

// settle ends what acquire began: it notes how the request went.
func (p *Pool) settle(m *member, w want, r *request, bytes int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch reasonOf(err) {
	case unknownReason: // no error
		p.answered(m, r, bytes)
	case NotFound:
		m.silent = 0
	case Timeout:
		p.unanswered(m, r)
	}
	p.putBack(m, w)
}
