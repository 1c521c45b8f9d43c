package peer

import (
	"slices"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/spv/p2p"
)

// maxSilent is how many periods of silence in a row make a peer a straggler.
const maxSilent = 3

// member is a connection as the pool sees it: its requests in flight and its measured
// quality. The pool's lock guards it.
type member struct {
	*conn.Conn
	id     p2p.PeerID
	addr   string // host:port that was dialled
	role   Role
	since  time.Time // by the clock of the configuration
	joined time.Time // the same by the clock of the machine
	host   string    // see addrbook.HostOf

	best        uint32    // the height of the newest block of the best chain that it has sent; zero if none
	announcedAt time.Time // when it sent that block; until then, when it connected

	requests int // in flight
	bytes    int // in flight, estimated
	window   int // how many requests may be in flight

	blocks   int // how many blocks its address was asked for
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

// How long a peer gets no requests of a kind that it has left unanswered once; twice as long
// each time. After maxOwing times an outbound peer is disconnected.
const (
	firstSilence = time.Second
	silenceTrips = 8 // round trips, if these are longer
	maxSilence   = time.Minute
	maxOwing     = 8
)

// departed remembers the addresses of the connections that ended last, because the proof of a
// fault may take longer than the connection lives.
type departed struct {
	ids   [256]p2p.PeerID
	addrs [256]string
	next  int
}

func (d *departed) add(id p2p.PeerID, addr string) {
	d.ids[d.next], d.addrs[d.next] = id, addr
	d.next = (d.next + 1) % len(d.ids)
}

func (d *departed) addr(id p2p.PeerID) (string, bool) {
	i := slices.Index(d.ids[:], id)
	if i < 0 || id == 0 {
		return "", false
	}
	return d.addrs[i], true
}

// join makes a connection available for requests, under a new id. The slot is that of an
// outbound connection, else nil.
func (p *Pool) join(c *conn.Conn, addr string, role Role, s *slot) *member {
	m := &member{Conn: c, addr: addr, role: role, host: addrbook.HostOf(addr), since: p.cfg.Now(), joined: time.Now(), announcedAt: time.Now(), window: min(pick.FirstWindow, p.cfg.maxRequests)}
	p.update(func() {
		p.lastID++
		m.id = p.lastID
		m.blocks = max(p.bans.Blocks(m.host), p.shareLocked())
		p.members = append(p.members, m)
		if s != nil {
			s.member = m
		}
	})
	poke(p.dialDue)
	poke(p.changed)
	return m
}

// handler returns the functions by which a connection reports what its peer does.
func (p *Pool) handler(m *member) conn.Handler {
	return conn.Handler{
		Announced: func() { poke(p.changed) },
		Addresses: func(list []addrbook.Announced) { p.learn(m.addr, list) },
		Late:      func(r *conn.Request, payload []byte) { p.lateReply(m, r, payload) },
		Fault:     func(r fault.Reason, err error) { p.fault(m, r, err) },
	}
}

// learn adds addresses that a source announces to the book, and returns how many were new.
func (p *Pool) learn(source string, list []addrbook.Announced) int {
	added := p.book.Learn(source, list)
	if added > 0 {
		poke(p.dialDue)
	}
	return added
}

// leave removes a connection that has ended.
func (p *Pool) leave(m *member) {
	p.update(func() {
		p.members = slices.DeleteFunc(p.members, func(o *member) bool { return o == m })
		p.departed.add(m.id, m.addr)
		p.bans.SetBlocks(m.host, m.blocks)
	})
	p.relay.Left(m.id)
	poke(p.changed)
}

// shareLocked returns how many blocks a peer was asked for on average. A new member starts with
// this number: from then on blocks are spread evenly, and reconnecting brings a peer no more
// of them.
func (p *Pool) shareLocked() int {
	if len(p.members) == 0 {
		return 0
	}
	sum := 0
	for _, m := range p.members {
		sum += m.blocks
	}
	return sum / len(p.members)
}

// memberLocked returns the connection with an id, or nil. The connection may have ended already.
func (p *Pool) memberLocked(id p2p.PeerID) *member {
	i := slices.IndexFunc(p.members, func(m *member) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return p.members[i]
}

// candidateLocked returns the snapshot of a member by which a peer is chosen.
func (p *Pool) candidateLocked(m *member) pick.Candidate {
	rtt, abandoned := m.Load()
	points, _ := p.bans.Score(m.host)
	c := pick.Candidate{
		ID:        m.id,
		Requests:  m.requests,
		Abandoned: abandoned,
		Bytes:     m.bytes,
		Window:    m.window,
		Latency:   rtt.Seconds(),
		Rate:      m.gauge.Rate(),
		Pace:      m.gauge.Pace(),
		Silent:    m.silent,
		Mute:      m.mute,
		Points:    points,
		Blocks:    m.blocks,
	}
	steady := time.Now()
	any := false
	for k := range m.owing {
		c.Shunned[k] = steady.Before(m.owing[k].until) || steady.Before(m.owing[k].doubt)
		any = any || c.Shunned[k]
	}
	if m.mute && any {
		c.Shunned = [conn.NumKinds]bool{true, true, true, true}
	}
	return c
}

// answeredLocked records a reply of so many bytes.
func (p *Pool) answeredLocked(m *member, r *conn.Request, bytes int) {
	m.silent = 0
	m.mute, m.owing[r.Kind()] = false, silence{}
	p.delays[r.Kind()].Seen(m.Delay(r))
	m.window = min(m.window+1, p.cfg.maxRequests)
	m.gauge.Delivered(r.Kind(), bytes, m.RTT(), r.Sent(), time.Now())
	p.sizes.Seen(r.Kind(), bytes)
}

// lateReply records the lateReply reply to an abandoned request: the peer is as good as others again.
// The reply is kept to be proven.
func (p *Pool) lateReply(m *member, r *conn.Request, payload []byte) {
	p.update(func() {
		p.keepLateLocked(m.id, r, payload)
		m.silent = 0
		m.mute, m.owing[r.Kind()] = false, silence{}
		p.delays[r.Kind()].Seen(m.Delay(r))
	})
}

// silence returns how long the peer gets no requests of a kind after the first silence.
func (m *member) silence() time.Duration { return max(firstSilence, silenceTrips*m.RTT()) }

// doubtLocked gives requests of a kind to other peers for a while, because no byte of a reply has
// arrived for longer than usual. A reply ends it.
func (p *Pool) doubtLocked(m *member, k conn.Kind) {
	m.owing[k].doubt, m.mute = time.Now().Add(m.silence()), true
}

// shunLocked records that a peer left a request unanswered that another peer has answered, or that
// reached its deadline. After maxOwing times in a row an outbound peer is disconnected if
// another peer is better.
func (p *Pool) shunLocked(m *member, k conn.Kind) {
	now := time.Now()
	s := &m.owing[k]
	m.mute = true
	if now.Before(s.until) {
		return // it belongs to the same period
	}
	s.until = now.Add(min(m.silence()<<min(s.n, 10), maxSilence))
	s.n++
	m.window = max(m.window/2, 1)
	better := func(o *member) bool { return o != m && o.owing[k].n == 0 && o.Live() }
	if s.n >= maxOwing && m.role == Outbound && slices.ContainsFunc(p.members, better) {
		m.End(fault.New(fault.Straggler, nil))
	}
}

// unansweredLocked records that a request reached its deadline. Requests that were in flight
// together and all got no reply are one period of silence. A peer that stays silent gets
// fewer requests, and is disconnected when another one answers.
func (p *Pool) unansweredLocked(m *member, r *conn.Request) {
	if r.Sent().Before(m.silentAt) {
		return
	}
	m.silentAt = time.Now()
	m.silent++
	p.shunLocked(m, r.Kind())
	p.bans.Charge(m.host, fault.Timeout)
	better := func(o *member) bool { return o != m && o.silent == 0 && o.Live() }
	if m.silent >= maxSilent && slices.ContainsFunc(p.members, better) {
		m.End(fault.New(fault.Straggler, nil))
	}
}
