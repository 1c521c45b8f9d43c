package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/spv/p2p"
)

// When another peer is asked too.
const (
	hedgeFactor = 2                      // times the expected time of a reply, and
	hedgeMin    = 500 * time.Millisecond // at least
	quietTrips  = 1.25                   // round trips, and what replies usually take to begin,
	quietMin    = 100 * time.Millisecond // and this beyond a round trip, while no byte arrives

	// flowing is the number of bytes per second of replies, from all peers that were asked,
	// above which these peers are given more time, up to maxExcused times as much, unless
	// another peer delivers flowFactor times as much.
	flowing    = 8 << 10
	flowFactor = 8
	maxExcused = 8

	firstMore = 2 // peers that are asked too; the next time twice as many
	maxAsked  = 8 // peers for one request
)

// hedge is one request that is sent to one peer after another until one has answered.
type hedge struct {
	pool    *Pool
	want    pick.Want
	request func() *conn.Request
	ctx     context.Context
	wg      sync.WaitGroup
	asked   []attempt
	answers chan answered // has room for all
	judged  time.Time     // when flows was last called
	excused int
}

// attempt is a request that was sent to one peer.
type attempt struct {
	m      *member
	r      *conn.Request
	at     time.Time
	judged int // bytes of progress when flows was last called
}

// answered is how one attempt ended.
type answered struct {
	payload []byte
	m       *member
	r       *conn.Request
	err     error
}

// fetchHedged requests a reply from one peer, and if that takes longer than it should, or the
// peer fails, from two more, then four, so that a few silent peers cost little time, and many
// not much more. A peer that has sent no byte of the reply, nor of the replies before it,
// gets little more time than a round trip and the usual delay of replies. The first good
// answer counts. Replies that are arriving are given time, unless another peer is far faster.
// It returns the payload and the id of the peer, of the one that failed too.
func (p *Pool) fetchHedged(ctx context.Context, w pick.Want, again func() *conn.Request) ([]byte, p2p.PeerID, error) {
	first := again()
	w.Bytes = p.expect(first.Kind())
	m, err := p.acquire(ctx, w)
	if err != nil {
		return nil, w.Only, fmt.Errorf("%v: %w", first, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &hedge{pool: p, want: w, request: again, ctx: ctx, answers: make(chan answered, maxAsked), judged: time.Now()}
	defer h.keepOthers()
	defer h.wg.Wait()
	defer cancel()
	quiet, patience := p.hedgeAfter(m, first.Kind())
	h.ask(m, first)
	a := h.await(quiet, patience)
	if a.err != nil {
		return nil, a.m.id, fmt.Errorf("%v: %w", first, a.err)
	}
	h.shunSlower(a.m, len(a.payload))
	return a.payload, a.m.id, nil
}

// ask sends the request to a peer that was acquired.
func (h *hedge) ask(m *member, r *conn.Request) {
	h.asked = append(h.asked, attempt{m: m, r: r, at: time.Now()})
	h.wg.Go(func() {
		payload, err := m.Do(h.ctx, r)
		h.pool.finishRequest(m, h.want, r, len(payload), err)
		h.answers <- answered{payload, m, r, err}
	})
}

// keepOthers keeps the further replies that arrived with the first one, or while the other
// attempts were abandoned: they are treated as late replies.
func (h *hedge) keepOthers() {
	for {
		select {
		case a := <-h.answers:
			if a.err == nil {
				h.pool.mu.Lock()
				h.pool.keepLateLocked(a.m.id, a.r, a.payload)
				h.pool.mu.Unlock()
			}
		default:
			return
		}
	}
}

// await returns the first good answer, or the first failure when there is none. It asks more
// peers whenever one has failed, its patience ends, or no byte has arrived for a while.
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
			late, silent := !now.Before(due), now.Sub(h.lastByte()) >= quiet
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
			next := h.lastByte().Add(quiet).Sub(now)
			if next <= 0 { // no other peer had room for it
				next = quiet
			}
			timer.Reset(min(next, due.Sub(now)))
		}
	}
}

// lastByte returns when the last byte of the reply, or of the replies before it, arrived from
// any peer that was asked, or when the last peer was asked.
func (h *hedge) lastByte() (last time.Time) {
	for _, a := range h.asked {
		at := a.at
		if bytes, came := a.m.Progress(a.r); bytes > 0 && came.After(at) {
			at = came
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}

// flows reports whether the peers that were asked have sent enough since the last call to
// wait for the rest.
func (h *hedge) flows(now time.Time) bool {
	bytes := 0
	for i := range h.asked {
		a := &h.asked[i]
		in, _ := a.m.Progress(a.r)
		bytes += in - a.judged
		a.judged = in
	}
	passed := now.Sub(h.judged)
	h.judged = now
	h.excused++
	return h.excused <= maxExcused && float64(bytes) >= max(flowing, h.others()/flowFactor)*passed.Seconds()
}

// others returns the greatest rate, in bytes per second, of the peers that were not asked and
// that answer such requests.
func (h *hedge) others() (rate float64) {
	h.pool.mu.Lock()
	defer h.pool.mu.Unlock()
	for _, m := range h.pool.members {
		asked := slices.ContainsFunc(h.asked, func(a attempt) bool { return a.m == m })
		if !asked && m.Live() && m.owing[h.want.Kind].n == 0 && !slices.Contains(h.want.Avoid, m.id) {
			rate = max(rate, m.gauge.Rate())
		}
	}
	return rate
}

// doubt directs further requests of this kind to other peers for a while, away from the peers
// that were asked and have sent no byte of the reply.
func (h *hedge) doubt() {
	h.pool.update(func() {
		for _, a := range h.asked {
			if got, _ := a.m.Progress(a.r); got == 0 {
				h.pool.doubtLocked(a.m, a.r.Kind())
			}
		}
	})
}

// askMore sends the request to up to n more peers that have room for it, unless its context
// has ended.
func (h *hedge) askMore(n int) {
	if h.ctx.Err() != nil {
		return
	}
	avoid := slices.Clone(h.want.Avoid)
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

// shunSlower records that peers which were asked before the winner have sent next to nothing, of
// this reply of so many bytes or of the replies before it: they are asked later next time.
// That proves nothing against them.
func (h *hedge) shunSlower(winner *member, bytes int) {
	now := time.Now()
	h.pool.update(func() {
		for _, a := range h.asked {
			if a.m == winner {
				return // later attempts had less time
			}
			if got, _ := a.m.Progress(a.r); got < bytes/flowFactor || float64(got) < flowing*now.Sub(a.at).Seconds() {
				h.pool.shunLocked(a.m, a.r.Kind())
			}
		}
	})
}

// hedgeAfter returns how long the newest request to a peer may take until another peer is
// asked too: quiet if no byte arrives, patience otherwise. Both are at most a quarter of
// requestStall, because small replies measure the rate poorly.
func (p *Pool) hedgeAfter(m *member, k conn.Kind) (quiet, patience time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := m.gauge.Rate()
	if rate == 0 {
		rate = pick.AssumedRate
	}
	rtt := m.RTT()
	usual := rtt + time.Duration(float64(m.bytes)/rate*float64(time.Second))
	patience = min(max(hedgeMin, hedgeFactor*usual), max(p.cfg.requestStall/4, hedgeMin))
	quiet = max(rtt+quietMin, time.Duration(quietTrips*float64(rtt))) + p.delays[k].Most()
	return min(quiet, patience), patience
}

// acquireNow is acquire without a wait: it returns nil if no peer outside the list avoid has
// room.
func (p *Pool) acquireNow(w pick.Want, avoid []p2p.PeerID) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	var members []*member
	var candidates []pick.Candidate
	for _, m := range p.members {
		if m.Live() && !slices.Contains(avoid, m.id) {
			members = append(members, m)
			candidates = append(candidates, p.candidateLocked(m))
		}
	}
	i := pick.Choose(candidates, pick.Want{Kind: w.Kind, Bytes: w.Bytes, Spread: w.Spread, Again: true}, p.cfg.maxBytes)
	if i < 0 {
		return nil
	}
	members[i].count(w)
	return members[i]
}
