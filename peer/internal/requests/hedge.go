package requests

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

// When a request is sent to another peer too.
const (
	// hedgeFactor times the expected time of a reply, and at least hedgeMin, is how long a reply
	// may take that arrives.
	hedgeFactor = 2
	hedgeMin    = 500 * time.Millisecond

	// quietTrips round trips, at least quietMin more than one, and the usual delay of replies are
	// how long no byte of a reply may arrive.
	quietTrips = 1.25
	quietMin   = 100 * time.Millisecond

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
	dispatcher *Dispatcher
	want       pick.Want
	request    func() *conn.Request
	ctx        context.Context
	wg         sync.WaitGroup
	asked      []attempt
	answers    chan answered // has room for all
	judged     time.Time     // when flows was last called
	excused    int
}

// attempt is a request that was sent to one peer.
type attempt struct {
	l      *link
	r      *conn.Request
	at     time.Time
	judged int // bytes of progress when flows was last called
}

// answered is how one attempt ended.
type answered struct {
	payload []byte
	l       *link
	r       *conn.Request
	err     error
}

// fetchHedged requests a reply from one peer, and if that takes longer than it should, or the
// peer fails, from two more, then four, so that a few silent peers cost little time, and many
// not much more. A peer that has sent no byte of the reply, nor of the replies before it,
// gets little more time than a round trip and the usual delay of replies. The first good
// answer counts. Replies that are arriving are given time, unless another peer is far faster.
// It returns the payload and the id of the peer, of the one that failed too.
func (d *Dispatcher) fetchHedged(ctx context.Context, w pick.Want, again func() *conn.Request) ([]byte, p2p.PeerID, error) {
	first := again()
	w.Bytes = d.queue.expect(first.Kind())
	l, err := d.queue.acquire(ctx, w)
	if err != nil {
		return nil, w.Only, fmt.Errorf("%v: %w", first, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &hedge{dispatcher: d, want: w, request: again, ctx: ctx, answers: make(chan answered, maxAsked), judged: time.Now()}
	defer h.keepOthers()
	defer h.wg.Wait()
	defer cancel()
	quiet, patience := d.queue.hedgeAfter(l, first.Kind())
	h.ask(l, first)
	a := h.await(quiet, patience)
	if a.err != nil {
		return nil, a.l.ID, fmt.Errorf("%v: %w", first, a.err)
	}
	h.shunSlower(a.l, len(a.payload))
	return a.payload, a.l.ID, nil
}

// ask sends the request to a peer that was acquired.
func (h *hedge) ask(l *link, r *conn.Request) {
	h.asked = append(h.asked, attempt{l: l, r: r, at: time.Now()})
	h.wg.Go(func() {
		payload, err := l.Do(h.ctx, r)
		h.dispatcher.queue.finish(l, h.want, r, len(payload), err)
		h.answers <- answered{payload, l, r, err}
	})
}

// keepOthers keeps the further replies that arrived with the first one, or while the other
// attempts were abandoned: they are treated as late replies.
func (h *hedge) keepOthers() {
	for {
		select {
		case a := <-h.answers:
			if a.err == nil {
				h.dispatcher.keepLate(a.l.ID, a.r, a.payload)
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
		if bytes, came := a.l.Progress(a.r); bytes > 0 && came.After(at) {
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
		in, _ := a.l.Progress(a.r)
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
func (h *hedge) others() float64 {
	return h.dispatcher.queue.greatestRate(func(l *link) bool {
		asked := slices.ContainsFunc(h.asked, func(a attempt) bool { return a.l == l })
		return !asked && l.Live() && l.owing[h.want.Kind].n == 0 && !slices.Contains(h.want.Avoid, l.ID)
	})
}

// doubt directs further requests of this kind to other peers for a while, away from the peers
// that were asked and have sent no byte of the reply.
func (h *hedge) doubt() {
	h.dispatcher.queue.update(func() {
		for _, a := range h.asked {
			if got, _ := a.l.Progress(a.r); got == 0 {
				a.l.doubt(a.r.Kind())
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
		avoid = append(avoid, a.l.ID)
	}
	for range min(n, maxAsked-len(h.asked)) {
		l := h.dispatcher.queue.acquireNow(h.want, avoid)
		if l == nil {
			return
		}
		avoid = append(avoid, l.ID)
		h.ask(l, h.request())
	}
}

// shunSlower records that peers which were asked before the winner have sent next to nothing, of
// this reply of so many bytes or of the replies before it: they are asked later next time.
// That proves nothing against them.
func (h *hedge) shunSlower(winner *link, bytes int) {
	now := time.Now()
	h.dispatcher.queue.update(func() {
		for _, a := range h.asked {
			if a.l == winner {
				return // later attempts had less time
			}
			if got, _ := a.l.Progress(a.r); got < bytes/flowFactor || float64(got) < flowing*now.Sub(a.at).Seconds() {
				h.dispatcher.queue.shunLocked(a.l, a.r.Kind())
			}
		}
	})
}

// greatestRate returns the greatest rate, in bytes per second, of the peers for which of returns
// true.
func (q *queue) greatestRate(of func(*link) bool) (rate float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.links {
		if of(l) {
			rate = max(rate, l.gauge.Rate())
		}
	}
	return rate
}

// hedgeAfter returns how long the newest request to a peer may take until another peer is
// asked too: quiet if no byte arrives, patience otherwise. Both are at most a quarter of
// Deps.Stall, because small replies measure the rate poorly.
func (q *queue) hedgeAfter(l *link, k conn.Kind) (quiet, patience time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	rate := l.gauge.Rate()
	if rate == 0 {
		rate = pick.AssumedRate
	}
	rtt := l.RTT()
	usual := rtt + time.Duration(float64(l.bytes)/rate*float64(time.Second))
	patience = min(max(hedgeMin, hedgeFactor*usual), max(q.deps.Stall/4, hedgeMin))
	quiet = max(rtt+quietMin, time.Duration(quietTrips*float64(rtt))) + q.delays[k].Most()
	return min(quiet, patience), patience
}
