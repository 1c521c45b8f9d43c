package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/fault"
)

// errDrained is the cause of the end of connections when the server stops.
var errDrained = errors.New("the server stops")

// Costs that are not measured, of work that is done outside of this package: of a message, and of
// a byte on its way through the system.
const (
	messageCost = 5 * time.Microsecond
	byteCost    = time.Nanosecond
)

// session is the connection of one client.
type session struct {
	srv    *Server
	id     uint64
	conn   net.Conn
	addr   string
	src    *source
	log    *slog.Logger
	since  time.Time
	frames *frameReader
	out    *outbox
	asked  *queue[[]wire.InvVect]  // getdata that waits
	heard  *queue[*wire.MsgTx]     // transactions that wait to be published
	end    context.CancelCauseFunc // ends the session; set before it is shown to others

	hello        atomic.Pointer[hello] // nil until the handshake
	wantsHeaders atomic.Bool
	sent         atomic.Uint64 // bytes
	received     atomic.Uint64
	blocks       atomic.Uint64        // sent
	waiting      atomic.Int64         // items of getdata
	need         atomic.Pointer[need] // of filters; nil until some were sent

	// These are used by the reading goroutine only.
	ctx       context.Context
	gaveState bool
	verAcked  bool
	wanted    map[chainhash.Hash]time.Time // transactions that the client was asked for, and when
	sizeHint  int                          // of the next message of filters
}

func newSession(srv *Server, id uint64, conn net.Conn, src *source, end context.CancelCauseFunc) *session {
	addr := conn.RemoteAddr().String()
	return &session{
		srv: srv, id: id, conn: conn, addr: addr, src: src, end: end, since: srv.cfg.Now(),
		log:    srv.cfg.Log.With("client", addr),
		frames: newFrameReader(conn, srv.cfg.Params.Net),
		out:    newOutbox(),
		asked:  newQueue[[]wire.InvVect](),
		heard:  newQueue[*wire.MsgTx](),
		wanted: make(map[chainhash.Hash]time.Time),
	}
}

// run serves the client until it leaves, is at fault, or ctx ends; ctx is the one that s.end
// cancels. Then answers that are queued are written if the server stops, for drainTime at most.
// All goroutines of the session have returned when it returns.
func (s *session) run(ctx context.Context) error {
	s.ctx = ctx
	s.frames.skipped = func(n int) error { return s.payFor(n) }
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	var working, writing sync.WaitGroup
	written := make(chan struct{})
	writing.Go(func() {
		defer close(written)
		s.endWith(s.write(ctx))
	})
	ordered := make(chan *promise, fetchAhead)
	working.Go(func() { s.endWith(fault.Contain(s.log, s.addr, s.srv.defect, s.read)) })
	working.Go(func() { s.endWith(s.fetch(ctx, ordered)) })
	working.Go(func() { s.endWith(s.send(ctx, ordered)) })
	working.Go(func() { s.endWith(s.publish(ctx)) })
	working.Wait() // each ends with ctx, and ctx with the first of them
	s.out.close()
	if errors.Is(context.Cause(ctx), errDrained) {
		late := wait.NewTimer(drainTime)
		select {
		case <-written:
		case <-late.C():
		}
		late.Stop()
	}
	s.conn.Close()
	writing.Wait()
	s.served(s.waiting.Load())
	return context.Cause(ctx)
}

// endWith ends the session unless the error is nil. The first cause counts.
func (s *session) endWith(err error) {
	if err != nil {
		s.end(err)
	}
}

// ended returns why a session ended in a form for the log, empty if it is of no interest.
func ended(err error) string {
	switch {
	case err == nil, errors.Is(err, errDrained), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return ""
	}
	return err.Error()
}

// readWithin sets how long the next message may take to begin and to arrive. The deadline that
// the end of the session sets stays.
func (s *session) readWithin(d time.Duration) {
	_ = s.conn.SetReadDeadline(time.Now().Add(d)) // if it fails, so does reading
	if s.ctx.Err() != nil {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// read handles one message after the other, the handshake first. It returns why that ends.
func (s *session) read() error {
	got, err := s.handshake()
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	s.hello.Store(&got)
	for {
		s.readWithin(idleTime)
		req, err := s.frames.next()
		if err != nil {
			return err
		}
		s.received.Add(uint64(wire.MessageHeaderSize))
		if req.payload != nil {
			if err := s.payFor(req.size); err != nil {
				return err
			}
		}
		began := time.Now()
		answers, err := s.handle(req)
		if err != nil {
			return err
		}
		cost := time.Since(began) + messageCost + time.Duration(req.size)*byteCost
		for _, m := range answers {
			cost += time.Duration(m.size()) * byteCost
		}
		if len(answers) > 0 {
			if err := s.out.put(s.ctx, answers...); err != nil {
				return err
			}
		}
		if err := s.work(s.ctx, cost); err != nil {
			return err
		}
	}
}

// payFor counts bytes that were received, and waits as long as the limit of the source wants.
func (s *session) payFor(n int) error {
	s.received.Add(uint64(n))
	s.srv.received.Add(uint64(n))
	return wait.For(s.ctx, s.srv.sources.useBytes(s.src, n, time.Now()))
}

// work counts the time that something took, and waits as long as the share of clients wants.
func (s *session) work(ctx context.Context, used time.Duration) error {
	return wait.For(ctx, s.srv.sources.useWork(s.src, used, time.Now()))
}

// write writes what is queued, and pings, until the outbox is closed and empty, or a write fails.
func (s *session) write(ctx context.Context) error {
	ping := wait.NewTimer(pingEvery)
	defer ping.Stop()
	var batch []*message
	for {
		ms, size, open := s.out.take(batch)
		if len(ms) == 0 {
			if !open {
				return nil
			}
			select {
			case <-s.out.filled:
			case <-ping.C():
				ping.Reset(pingEvery)
				m, err := encode(s.srv.cfg.Params.Net, protocolVersion, wire.NewMsgPing(newNonce()))
				if err != nil {
					return err
				}
				if err := s.out.add(m); err != nil {
					return err
				}
			}
			continue
		}
		// While the server stops there is no wait: what is queued is little.
		_ = wait.For(ctx, s.srv.sources.useBytes(s.src, size, time.Now()))
		if err := s.writeOut(ms); err != nil {
			return err
		}
		s.out.written(size)
		for _, m := range ms {
			if m.again != nil {
				m.again.put(m.payload)
			}
		}
		clear(ms)
		batch = ms
	}
}

// writeOut writes messages in as few writes as the system allows.
func (s *session) writeOut(ms []*message) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	buffers := make(net.Buffers, 0, 2*len(ms))
	for _, m := range ms {
		buffers = append(buffers, m.head[:])
		if len(m.payload) > 0 {
			buffers = append(buffers, m.payload)
		}
	}
	n, err := buffers.WriteTo(s.conn)
	s.sent.Add(uint64(n))
	s.srv.sent.Add(uint64(n))
	return err
}
