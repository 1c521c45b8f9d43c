package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/txrelay"
	"github.com/spvd/spvd/spv/p2p"
)

// conn is one connection that has completed its handshake. Its three goroutines belong to
// run: one reads, in order, and completes requests; one writes; one pings. Of its methods
// only run and do wait for the peer.
type conn struct {
	cfg    *Config
	id     p2p.PeerID
	addr   string
	nc     *metered
	out    *outbox
	remote remote

	relayTx bool           // the peer was asked to announce transactions
	relay   *txrelay.Relay // the pool's record of transactions

	unknown atomic.Uint64 // messages of unknown commands

	// These are used by the reading goroutine only.
	early     []frame // messages that came before the verack
	throttle  throttle
	frames    *frameReader
	stateSent bool // the only initstate was sent
	addrQuota quota

	// onAnnouncement is called by the reader after the peer announced blocks or claimed a
	// greater height, onFault after a fault that does not by itself end the connection.
	onAnnouncement func()
	onAddresses    func([]addrbook.Announced)       // addresses that the peer announces
	onLate         func(r *request, payload []byte) // for late replies; without locks
	onFault        func(fault.Reason, error)
	onDefect       func() // a panic was contained; with or without locks

	// ended is closed by the first call of end, which sets cause first.
	ended   chan struct{}
	endOnce sync.Once
	cause   *fault.Error

	mu            sync.Mutex
	table         table
	announcements announcements
	alive         keepalive
	claim         uint32    // the greatest height that the peer has claimed
	announcing    bool      // sendheaders was sent
	poolAskedAt   time.Time // when mempool was sent last; zero if it never was
}

// newConn returns a connection that is ready for run. The caller sets its id and its
// callbacks before it calls run.
func newConn(cfg *Config, addr string, nc *metered, frames *frameReader, r remote) *conn {
	early := r.early
	r.early = nil // c.early holds them until read has handled them
	c := &conn{
		cfg:      cfg,
		addr:     addr,
		nc:       nc,
		frames:   frames,
		out:      newOutbox(cfg.Params.Net, r.pver),
		remote:   r,
		early:    early,
		onDefect: func() {},
		ended:    make(chan struct{}),
		alive:    keepalive{every: cfg.PingEvery, timeout: cfg.PongTimeout, rtt: r.rtt},
		claim:    r.height,
		table:    table{most: cfg.MaxRequests},
	}
	if frames != nil {
		frames.justified = c.justified
	}
	return c
}

// justified is table.justified under the lock.
func (c *conn) justified(first chainhash.Hash) (most int, asked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.justified(first)
}

// run serves the connection until ctx ends or end is called. It returns the reason, never
// nil, after all its goroutines have returned and every open request has ended.
func (c *conn) run(ctx context.Context) *fault.Error {
	var wg sync.WaitGroup
	wg.Go(func() { c.end(fault.Contain(c.cfg.Log, c.addr, c.onDefect, c.read)) })
	wg.Go(func() { c.end(c.write()) })
	wg.Go(func() { c.end(c.ping()) })
	select {
	case <-ctx.Done():
		c.end(fault.New(fault.ClosedByUs, ctx.Err()))
	case <-c.ended:
	}
	c.nc.Close() // releases the reader and the writer
	wg.Wait()

	c.mu.Lock()
	waiting := c.table.drain()
	c.mu.Unlock()
	for _, r := range waiting {
		r.settle(nil, c.cause)
	}
	return c.cause
}

// end ends the connection. Of several causes the first counts.
func (c *conn) end(err error) {
	c.endOnce.Do(func() {
		c.cause = fault.Of(c.addr, err, fault.Network(err))
		close(c.ended)
	})
}

// live reports that the connection has not ended.
func (c *conn) live() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// read handles one message after the other, those from before the verack first. It returns
// the error that ends the connection.
func (c *conn) read() error {
	c.frames.in = c
	for _, f := range c.early {
		if err := c.handle(f); err != nil {
			return err
		}
	}
	c.early = nil
	for {
		f, err := c.frames.next()
		if err != nil {
			return err
		}
		if err := c.handle(f); err != nil {
			return err
		}
	}
}

func (c *conn) write() error {
	return c.out.drain(c.ended, c.nc, c.cfg.WriteTimeout)
}

// ping sends pings when they are due, and returns an error when the peer does not answer.
func (c *conn) ping() error {
	timer := wait.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-c.ended:
			return nil
		case <-timer.C():
		}
		next, err := c.checkAlive(time.Now())
		if err != nil {
			return err
		}
		timer.Reset(next)
	}
}

// tip returns the greatest height that the peer has claimed.
func (c *conn) tip() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.claim
}

// rtt returns the last round trip time that was measured.
func (c *conn) rtt() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive.rtt
}

// load returns the round trip time, and how many abandoned requests the peer may still
// answer.
func (c *conn) load() (rtt time.Duration, abandoned int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive.rtt, c.table.abandoned(time.Now())
}

// delay returns the time from sending a request until the first byte of its reply, or of the
// replies before it, less the round trip; negative if no byte has arrived.
func (c *conn) delay(r *request) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.got == 0 {
		return -1
	}
	return max(0, r.firstAt.Sub(r.sent)-c.alive.rtt)
}

// takeAnnouncements removes and returns the announcements.
func (c *conn) takeAnnouncements() []announcement {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.announcements.take()
}

// do sends a request and waits for its reply, its deadline, the end of the
// connection or of ctx. Its errors are of type *Error.
func (c *conn) do(ctx context.Context, r *request) ([]byte, error) {
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
func (c *conn) patience(r *request, now time.Time) time.Duration {
	bytes, last := c.progress(r)
	earned := time.Duration(float64(bytes) / float64(c.cfg.MinRate) * float64(time.Second))
	return min(
		last.Add(c.cfg.RequestStall).Sub(now),
		r.sent.Add(max(c.cfg.RequestStall, earned)).Sub(now),
		r.sent.Add(c.cfg.RequestMax).Sub(now))
}

// send adds a request to the table and its message to the outbox, under one lock, so that the
// table has the order of the wire. A request that is not written ends when the connection
// does: run drains the table after the connection has ended, and send adds nothing from then
// on.
func (c *conn) send(r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.live() {
		return c.cause
	}
	r.sent = time.Now()
	if !c.table.add(r) {
		c.end(fault.New(fault.Straggler, nil))
		return c.cause
	}
	if err := c.out.put(r.msg); err != nil {
		c.end(err)
	}
	return nil
}

// abandon gives a request up and returns the error, unless the request was removed from the
// table at the last moment: then abandon returns its reply.
func (c *conn) abandon(r *request, why fault.Reason, cause error) ([]byte, error) {
	c.mu.Lock()
	abandoned := c.table.abandon(r)
	c.mu.Unlock()
	if abandoned {
		return nil, &fault.Error{Reason: why, Peer: c.addr, Err: cause}
	}
	got := <-r.done
	return got.payload, got.err
}
