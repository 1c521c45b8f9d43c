package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// When another peer is asked as well.
const (
	hedgeFactor = 2                      // times what a reply should take, and
	hedgeMin    = 500 * time.Millisecond // at least

	// flowing is the number of bytes per second from the peers that were asked at
	// which they are given more time, up to maxExcused times as much.
	flowing    = 8 << 10
	maxExcused = 8

	firstMore = 2 // peers that are asked as well; next time twice as many
	maxAsked  = 8 // peers for one request
)

// hedge is one request that is put to one peer after another until one has
// answered.
type hedge struct {
	pool    *Pool
	want    want
	request func() *request
	ctx     context.Context
	wg      sync.WaitGroup
	asked   []attempt
	answers chan answered // has room for all
	excused int
}

// attempt is one peer that was asked.
type attempt struct {
	m        *member
	at       time.Time
	received uint64 // bytes from it before
	judged   uint64 // bytes from it when the clock last ran out
}

// answered is how one attempt ended.
type answered struct {
	payload []byte
	m       *member
	err     error
}

// fetchHedged has one peer answer, and when that takes longer than it should, or the
// peer fails to, asks two more, then four, so that a few
// silent peers cost little time, and many not much more. The first good answer
// counts. Replies that are on their way are given time.
func (p *Pool) fetchHedged(ctx context.Context, w want, again func() *request) ([]byte, uint64, error) {
	first := again()
	w.bytes = p.expect(first.kind)
	m, err := p.acquire(ctx, w)
	if err != nil {
		return nil, w.only, fmt.Errorf("%v: %w", first, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &hedge{pool: p, want: w, request: again, ctx: ctx, answers: make(chan answered, maxAsked)}
	defer h.wg.Wait()
	defer cancel()
	patience := p.hedgeAfter(m)
	h.ask(m, first)
	a := h.await(patience)
	if a.err != nil {
		return nil, a.m.id, fmt.Errorf("%v: %w", first, a.err)
	}
	h.outrun(a.m)
	return a.payload, a.m.id, nil
}

// ask puts the request to a peer that was acquired.
func (h *hedge) ask(m *member, r *request) {
	before := m.nc.own.in.Load()
	h.asked = append(h.asked, attempt{m: m, at: time.Now(), received: before, judged: before})
	h.wg.Go(func() {
		payload, err := m.do(h.ctx, r)
		h.pool.settle(m, h.want, r, len(payload), err)
		h.answers <- answered{payload, m, err}
	})
}

// await returns the first good answer, or the first failure when there is none. It
// asks more peers whenever its patience ends.
func (h *hedge) await(patience time.Duration) answered {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var failed []answered
	for more := firstMore; ; {
		select {
		case a := <-h.answers:
			if a.err == nil {
				return a
			}
			failed = append(failed, a)
			h.askMore(more)
			more *= 2
			if len(failed) == len(h.asked) {
				return failed[0]
			}
		case <-timer.C:
			if !h.flows(patience) {
				h.askMore(more)
				more *= 2
			}
			timer.Reset(patience)
		}
	}
}

// flows reports whether enough came from the peers that were asked, in the time
// that has passed, to wait for the rest.
func (h *hedge) flows(passed time.Duration) bool {
	var bytes uint64
	for i := range h.asked {
		now := h.asked[i].m.nc.own.in.Load()
		bytes += now - h.asked[i].judged
		h.asked[i].judged = now
	}
	h.excused++
	return h.excused <= maxExcused && float64(bytes) >= flowing*passed.Seconds()
}

// askMore puts the request to up to n more peers, as far as there are any with room
// for it.
func (h *hedge) askMore(n int) {
	avoid := slices.Clone(h.want.avoid)
	for _, a := range h.asked {
		avoid = append(avoid, a.m.id)
	}
	for range min(n, maxAsked-len(h.asked)) {
		m := h.pool.acquireNow(h.want, avoid)
		if m == nil {
			return
		}
		avoid = append(avoid, m.id)
		h.ask(m, h.request())
	}
}

// outrun notes that peers which were asked before the one that answered sent next to
// nothing meanwhile: they are asked later next time. That proves nothing against
// them.
func (h *hedge) outrun(winner *member) {
	now := time.Now()
	h.pool.update(func() {
		for _, a := range h.asked {
			got := a.m.nc.own.in.Load() - a.received
			if a.m == winner {
				return // those that follow had less time
			}
			if float64(got) < flowing*now.Sub(a.at).Seconds() {
				a.m.silent++
				a.m.window = max(a.m.window/2, 1)
			}
		}
	})
}

// hedgeAfter returns how long the newest request to a peer may take until another
// peer is asked as well: at most a quarter of the time that silence is borne, for
// small replies measure the rate poorly.
func (p *Pool) hedgeAfter(m *member) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := m.gauge.rate()
	if rate == 0 {
		rate = assumedRate
	}
	usual := m.rtt() + time.Duration(float64(m.bytes)/rate*float64(time.Second))
	return min(max(hedgeMin, hedgeFactor*usual), max(p.cfg.RequestStall/4, hedgeMin))
}

// acquireNow is acquire without a wait: it returns nil if no peer outside the list
// has room.
func (p *Pool) acquireNow(w want, avoid []uint64) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	var members []*member
	var candidates []candidate
	now := p.cfg.Now()
	for _, m := range p.members {
		if m.live() && !slices.Contains(avoid, m.id) {
			members = append(members, m)
			candidates = append(candidates, p.candidate(m, now))
		}
	}
	i := choose(candidates, want{bytes: w.bytes, spread: w.spread}, p.cfg.MaxBytes)
	if i < 0 {
		return nil
	}
	members[i].count(w)
	return members[i]
}
