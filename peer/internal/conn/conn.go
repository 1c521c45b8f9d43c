package conn

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Conn is one connection that has completed its handshake. Its three goroutines belong to
// Run: one reads, in order, and completes requests; one writes; one pings. Of its methods
// only Run and Do wait for the peer.
type Conn struct {
	cfg    *Config
	addr   string
	nc     *metered
	out    *outbox
	remote remote

	relayTx bool // the peer was asked to announce transactions

	unknown atomic.Uint64 // messages of unknown commands

	reader reader

	// ended is closed by the first call of End, which sets cause first.
	ended   chan struct{}
	endOnce sync.Once
	doubted chan struct{} // capacity one; poked by Doubt
	cause   *fault.Error

	mu            sync.Mutex
	table         table
	announcements announcements
	alive         keepalive
	claim         uint32    // the greatest height that the peer has claimed
	announcing    bool      // sendheaders was sent
	poolAskedAt   time.Time // when mempool was sent last; zero if it never was
}

// Handler receives the events of a connection. The reader calls its functions in the order of the
// messages and without locks. They must not wait.
type Handler struct {
	Announced func()                           // the peer has announced blocks or claimed a greater height
	Addresses func([]addrbook.Announced)       // the peer has announced addresses, as many as its quota allows
	Late      func(r *Request, payload []byte) // the reply to a request that was abandoned has arrived
	Fault     func(fault.Reason, error)        // a fault that does not by itself end the connection
}

// newConn returns a connection that is ready for Run.
func newConn(cfg *Config, addr string, nc *metered, frames *frameReader, r remote, relayTx bool) *Conn {
	early := r.early
	r.early = nil // the reader holds them until it has handled them
	c := &Conn{
		cfg:     cfg,
		addr:    addr,
		nc:      nc,
		out:     newOutbox(cfg.Net, r.pver),
		remote:  r,
		relayTx: relayTx,
		ended:   make(chan struct{}),
		doubted: make(chan struct{}, 1),
		alive:   keepalive{every: cfg.PingEvery, timeout: cfg.PongTimeout, rtt: r.rtt},
		claim:   r.height,
		table:   table{most: cfg.MaxRequests},
	}
	c.reader = reader{conn: c, frames: frames, early: early}
	frames.justified = c.justified
	frames.mixing = cfg.Mix != nil && relayTx
	return c
}

// justified is table.justified under the lock.
func (c *Conn) justified(first chainhash.Hash) (most int, asked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.justified(first)
}

// Run serves the connection until ctx ends or End is called. It reports the events of the
// connection to the handler; id is the id of the peer. It returns the reason of the end, never
// nil, after all its goroutines have returned and every open request has ended.
func (c *Conn) Run(ctx context.Context, id p2p.PeerID, on Handler) *fault.Error {
	c.reader.id, c.reader.on = id, on
	var wg sync.WaitGroup
	wg.Go(func() { c.End(fault.Contain(c.cfg.Log, c.addr, c.cfg.Defect, c.reader.read)) })
	wg.Go(func() { c.End(c.write()) })
	wg.Go(func() { c.End(c.keepAlive()) })
	select {
	case <-ctx.Done():
		c.End(fault.New(fault.ClosedByUs, ctx.Err()))
	case <-c.ended:
	}
	c.nc.Close() // releases the reader and the writer
	wg.Wait()

	c.mu.Lock()
	waiting := c.table.drain()
	c.mu.Unlock()
	for _, r := range waiting {
		r.complete(nil, c.cause)
	}
	return c.cause
}

// Close closes a connection on which Run was not called.
func (c *Conn) Close() { c.nc.Close() }

// End ends the connection. Of several causes the first counts.
func (c *Conn) End(err error) {
	c.endOnce.Do(func() {
		c.cause = fault.Of(c.addr, err, fault.Network(err))
		close(c.ended)
	})
}

// Live reports that the connection has not ended.
func (c *Conn) Live() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

func (c *Conn) write() error {
	return c.out.drain(c.ended, c.nc, c.cfg.WriteTimeout)
}

// Height returns the greatest height that the peer has claimed.
func (c *Conn) Height() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.claim
}

// RTT returns the last round trip time that was measured.
func (c *Conn) RTT() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive.rtt
}

// Load returns the round trip time, and how many abandoned requests the peer may still
// answer.
func (c *Conn) Load() (rtt time.Duration, abandoned int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive.rtt, c.table.abandoned(time.Now())
}

// Delay returns the time from sending a request until the first byte of its reply, or of the
// replies before it, less the round trip; negative if no byte has arrived.
func (c *Conn) Delay(r *Request) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.got == 0 {
		return -1
	}
	return max(0, r.firstAt.Sub(r.sent)-c.alive.rtt)
}

// TakeAnnouncements removes and returns the announcements.
func (c *Conn) TakeAnnouncements() []p2p.Announcement {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.announcements.take()
}

// Do sends a request and waits for its reply, its deadline, the end of the
// connection or of ctx. Its errors are of type *Error.
func (c *Conn) Do(ctx context.Context, r *Request) ([]byte, error) {
	if err := c.send(r); err != nil {
		return nil, err
	}
	timer := wait.NewTimer(c.patience(r, r.sent))
	defer timer.Stop()
	for {
		select {
		case got := <-r.done:
			return got.payload, got.err
		case <-ctx.Done():
			return c.abandon(r, fault.Cancelled, ctx.Err())
		case <-timer.C():
			left := c.patience(r, time.Now())
			if left <= 0 {
				return c.abandon(r, fault.Timeout, nil)
			}
			timer.Reset(left)
		}
	}
}

// patience returns how much longer a request may take. It ends when no byte of its reply, nor
// of the replies before it, has arrived for RequestStall; when fewer than MinRate bytes per
// second of them have arrived since it was sent, which counts from RequestStall on; and when
// RequestMax is over. Other bytes from the peer do not count.
func (c *Conn) patience(r *Request, now time.Time) time.Duration {
	bytes, last := c.Progress(r)
	earned := time.Duration(float64(bytes) / float64(c.cfg.MinRate) * float64(time.Second))
	return min(
		last.Add(c.cfg.RequestStall).Sub(now),
		r.sent.Add(max(c.cfg.RequestStall, earned)).Sub(now),
		r.sent.Add(c.cfg.RequestMax).Sub(now))
}

// send adds a request to the table and its message to the outbox, under one lock, so that the
// table has the order of the wire. A request that is not written ends when the connection
// does: Run drains the table after the connection has ended, and send adds nothing from then
// on.
func (c *Conn) send(r *Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.Live() {
		return c.cause
	}
	r.sent = time.Now()
	if !c.table.add(r) {
		c.End(fault.New(fault.Straggler, nil))
		return c.cause
	}
	if err := c.out.put(r.msg); err != nil {
		c.End(err)
	}
	return nil
}

// abandon gives a request up and returns the error, unless the request was removed from the
// table at the last moment: then abandon returns its reply.
func (c *Conn) abandon(r *Request, why fault.Reason, cause error) ([]byte, error) {
	c.mu.Lock()
	abandoned := c.table.abandon(r)
	c.mu.Unlock()
	if abandoned {
		return nil, &fault.Error{Reason: why, Peer: c.addr, Err: cause}
	}
	got := <-r.done
	return got.payload, got.err
}

// claims records a height that the peer claims, and reports whether it is the greatest so
// far.
func (c *Conn) claims(height uint32) (grown bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	grown = height > c.claim
	c.claim = max(c.claim, height)
	return grown
}

// take removes the request that a reply answers from the table and returns it, or nil.
func (c *Conn) take(k Kind, s shape) *Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.take(k, s)
}
