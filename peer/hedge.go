package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// When another peer is asked as well.
const (
	hedgeFactor = 2                      // times what a reply should take, and
	hedgeMin    = 500 * time.Millisecond // at least
	quietTrips  = 1.25                   // round trips, and what replies usually take to begin,
	quietMin    = 100 * time.Millisecond // and at least this beyond one round trip, when nothing of a reply comes

	// flowing is the number of bytes per second of replies, from the peers that were
	// asked, at which they are given more time, up to maxExcused times as much, unless
	// another peer delivers flowFactor times as much.
	flowing    = 8 << 10
	flowFactor = 8
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
	judged  time.Time     // when flows was last asked for
	excused int
}

// attempt is one peer that was asked.
type attempt struct {
	m      *member
	r      *request
	at     time.Time
	judged int // bytes of progress when flows was last asked for
}

// answered is how one attempt ended.
type answered struct {
	payload []byte
	m       *member
	r       *request
	err     error
}

// fetchHedged has one peer answer, and when that takes longer than it should, or the
// peer fails to, asks two more, then four, so that a few silent peers cost little time,
// and many not much more. A peer from which nothing comes of the reply, nor of those it
// waits for, is given little more than a round trip and what replies usually take to begin.
// The first good answer counts. Replies that are on their way are given time, unless
// another peer is far faster.
func (p *Pool) fetchHedged(ctx context.Context, w want, again func() *request) ([]byte, uint64, error) {
	first := again()
	w.bytes = p.expect(first.kind)
	m, err := p.acquire(ctx, w)
	if err != nil {
		return nil, w.only, fmt.Errorf("%v: %w", first, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &hedge{pool: p, want: w, request: again, ctx: ctx, answers: make(chan answered, maxAsked), judged: time.Now()}
	defer h.keepOthers()
	defer h.wg.Wait()
	defer cancel()
	quiet, patience := p.hedgeAfter(m, first.kind)
	h.ask(m, first)
	a := h.await(quiet, patience)
	if a.err != nil {
		return nil, a.m.id, fmt.Errorf("%v: %w", first, a.err)
	}
	h.outrun(a.m, len(a.payload))
	return a.payload, a.m.id, nil
}

// ask puts the request to a peer that was acquired.
func (h *hedge) ask(m *member, r *request) {
	h.asked = append(h.asked, attempt{m: m, r: r, at: time.Now()})
	h.wg.Go(func() {
		payload, err := m.do(h.ctx, r)
		h.pool.settle(m, h.want, r, len(payload), err)
		h.answers <- answered{payload, m, r, err}
	})
}

// keepOthers keeps the replies that came with the one which counts, or while the other
// attempts were given up: they are late as well.
func (h *hedge) keepOthers() {
	for {
		select {
		case a := <-h.answers:
			if a.err == nil {
				h.pool.mu.Lock()
				h.pool.keepLate(a.m.id, a.r, a.payload)
				h.pool.mu.Unlock()
			}
		default:
			return
		}
	}
}

// await returns the first good answer, or the first failure when there is none. It
// asks more peers whenever one has failed, its patience ends, or no byte has come for
// a while.
func (h *hedge) await(quiet, patience time.Duration) answered {
	timer := wait.NewTimer(quiet)
	defer timer.Stop()
	var failed []answered
	more, due := firstMore, h.judged.Add(patience)
	for {
		select {
		case a := <-h.answers:
			if a.err == nil {
				return a
			}
			failed = append(failed, a)
			h.askMore(more)
			more = min(2*more, maxAsked)
			if len(failed) == len(h.asked) {
				return failed[0]
			}
		case <-timer.C():
			now := time.Now()
			late, silent := !now.Before(due), now.Sub(h.heard()) >= quiet
			if late || silent {
				due = now.Add(patience)
			}
			if silent {
				h.doubt()
			}
			if silent || late && !h.flows(now) {
				h.askMore(more)
				more = min(2*more, maxAsked)
			}
			next := h.heard().Add(quiet).Sub(now)
			if next <= 0 { // no other peer had room
				next = quiet
			}
			timer.Reset(min(next, due.Sub(now)))
		}
	}
}

// heard returns when a byte of the reply, or of those that it waits for, last came from
// the peers that were asked, or one was asked.
func (h *hedge) heard() (last time.Time) {
	for _, a := range h.asked {
		at := a.at
		if bytes, came := a.m.progress(a.r); bytes > 0 && came.After(at) {
			at = came
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}

// flows reports whether enough came from the peers that were asked, since it was last
// asked for, to wait for the rest.
func (h *hedge) flows(now time.Time) bool {
	bytes := 0
	for i := range h.asked {
		a := &h.asked[i]
		in, _ := a.m.progress(a.r)
		bytes += in - a.judged
		a.judged = in
	}
	passed := now.Sub(h.judged)
	h.judged = now
	h.excused++
	return h.excused <= maxExcused && float64(bytes) >= max(flowing, h.others()/flowFactor)*passed.Seconds()
}

// others returns the greatest rate of the peers that were not asked and answer such
// requests, in bytes per second.
func (h *hedge) others() (rate float64) {
	h.pool.mu.Lock()
	defer h.pool.mu.Unlock()
	for _, m := range h.pool.members {
		asked := slices.ContainsFunc(h.asked, func(a attempt) bool { return a.m == m })
		if !asked && m.live() && m.owing[h.want.kind].n == 0 && !slices.Contains(h.want.avoid, m.id) {
			rate = max(rate, m.gauge.rate())
		}
	}
	return rate
}

// doubt has others asked for what the peers that were asked, and sent nothing of the
// reply, would be asked for next.
func (h *hedge) doubt() {
	h.pool.update(func() {
		for _, a := range h.asked {
			if got, _ := a.m.progress(a.r); got == 0 {
				h.pool.doubt(a.m, a.r.kind)
			}
		}
	})
}

// askMore puts the request to up to n more peers, as far as there are any with room
// for it, unless nobody waits for the answer any more.
func (h *hedge) askMore(n int) {
	if h.ctx.Err() != nil {
		return
	}
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
// nothing of the reply meanwhile, which has so many bytes, nor of those it waits for:
// they are asked later next time. That proves nothing against them.
func (h *hedge) outrun(winner *member, bytes int) {
	now := time.Now()
	h.pool.update(func() {
		for _, a := range h.asked {
			if a.m == winner {
				return // those that follow had less time
			}
			if got, _ := a.m.progress(a.r); got < bytes/flowFactor || float64(got) < flowing*now.Sub(a.at).Seconds() {
				h.pool.shun(a.m, a.r.kind)
			}
		}
	})
}

// hedgeAfter returns how long the newest request to a peer may take until another
// peer is asked as well, and how long if nothing comes: at most a quarter of the time
// that silence is borne, for small replies measure the rate poorly.
func (p *Pool) hedgeAfter(m *member, k kind) (quiet, patience time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := m.gauge.rate()
	if rate == 0 {
		rate = assumedRate
	}
	rtt := m.rtt()
	usual := rtt + time.Duration(float64(m.bytes)/rate*float64(time.Second))
	patience = min(max(hedgeMin, hedgeFactor*usual), max(p.cfg.RequestStall/4, hedgeMin))
	quiet = max(rtt+quietMin, time.Duration(quietTrips*float64(rtt))) + p.delays[k].most()
	return min(quiet, patience), patience
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
	i := choose(candidates, want{kind: w.kind, bytes: w.bytes, spread: w.spread, again: true}, p.cfg.MaxBytes)
	if i < 0 {
		return nil
	}
	members[i].count(w)
	return members[i]
}
