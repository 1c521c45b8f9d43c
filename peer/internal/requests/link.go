package requests

import (
	"time"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/peer/internal/roster"
)

// maxSilent is how many periods of silence in a row make a peer a straggler.
const maxSilent = 3

// How long a peer gets no requests of a kind that it has left unanswered once; twice as long
// each time. After maxOwing times an outbound peer is disconnected.
const (
	firstSilence = time.Second
	silenceTrips = 8 // round trips, if these are longer
	maxSilence   = time.Minute
	maxOwing     = 8
)

// link is a peer as requests see it: those in flight and its measured quality. It is a plain value:
// the lock of the queue guards it.
type link struct {
	*roster.Peer

	requests int // in flight
	bytes    int // in flight, estimated
	window   int // how many requests may be in flight

	blocks   int // how many blocks its host was asked for
	gauge    pick.Gauge
	silent   int                    // periods of silence since the last reply
	silentAt time.Time              // when the last of them was noticed
	owing    [conn.NumKinds]silence // by kind of request
	mute     bool                   // it has answered nothing since the last of these periods
}

// silence counts how often in a row a peer has left requests of a kind unanswered while
// another peer answered them. Until its end the peer gets requests of this kind only if there
// is no other peer; other kinds too, as long as it has answered nothing since. A reply ends
// it, a late one too.
type silence struct {
	n     int
	until time.Time
	doubt time.Time // end of the doubt about a peer whose reply takes long
}

// count counts a request as in flight.
func (l *link) count(w pick.Want) {
	l.requests++
	l.bytes += w.Bytes
	if w.Spread {
		l.blocks++
	}
}

// uncount reverts count.
func (l *link) uncount(w pick.Want) {
	l.requests--
	l.bytes -= w.Bytes
}

// candidate returns the snapshot by which a peer is chosen; points are its ban score.
func (l *link) candidate(points float64) pick.Candidate {
	rtt, abandoned := l.Load()
	c := pick.Candidate{
		ID:        l.ID,
		Requests:  l.requests,
		Abandoned: abandoned,
		Bytes:     l.bytes,
		Window:    l.window,
		Latency:   rtt.Seconds(),
		Rate:      l.gauge.Rate(),
		Pace:      l.gauge.Pace(),
		Silent:    l.silent,
		Mute:      l.mute,
		Points:    points,
		Blocks:    l.blocks,
	}
	now := time.Now()
	any := false
	for k := range l.owing {
		c.Shunned[k] = now.Before(l.owing[k].until) || now.Before(l.owing[k].doubt)
		any = any || c.Shunned[k]
	}
	if l.mute && any {
		c.Shunned = [conn.NumKinds]bool{true, true, true, true}
	}
	return c
}

// answered records a reply to a request of a kind, in time or late.
func (l *link) answered(k conn.Kind) {
	l.silent = 0
	l.mute, l.owing[k] = false, silence{}
}

// firstSilence returns how long the peer gets no requests of a kind after the first silence.
func (l *link) firstSilence() time.Duration { return max(firstSilence, silenceTrips*l.RTT()) }

// doubt gives requests of a kind to other peers for a while, because no byte of a reply has arrived
// for longer than usual. A reply ends it.
func (l *link) doubt(k conn.Kind) {
	l.owing[k].doubt, l.mute = time.Now().Add(l.firstSilence()), true
}

// shun records that the peer left a request unanswered that another peer has answered, or that
// reached its deadline. It returns how often in a row that has happened, zero if this belongs to
// the same period as the last time.
func (l *link) shun(k conn.Kind) int {
	now := time.Now()
	s := &l.owing[k]
	l.mute = true
	if now.Before(s.until) {
		return 0
	}
	s.until = now.Add(min(l.firstSilence()<<min(s.n, 10), maxSilence))
	s.n++
	l.window = max(l.window/2, 1)
	return s.n
}

// unanswered records that a request reached its deadline. It reports whether that begins a period
// of silence: requests that were in flight together and all got no reply are one period.
func (l *link) unanswered(r *conn.Request) bool {
	if r.Sent().Before(l.silentAt) {
		return false
	}
	l.silentAt = time.Now()
	l.silent++
	return true
}

// leave ends the connection with a peer that has left too many requests unanswered.
func (l *link) leave() { l.End(fault.New(fault.Straggler, nil)) }
