package testnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/spv/consensus"
)

// Deadlines and intervals of a node, as in dcrd.
const (
	negotiateTimeout = 30 * time.Second  // for the handshake
	idleTimeout      = 120 * time.Second // without a message from the client
	writeTimeout     = 20 * time.Second  // for a write
	pingEvery        = 107 * time.Second
	answerTimeout    = 30 * time.Second // for messages that the client has to answer
	stallTick        = 15 * time.Second // how often this deadline is checked
)

// Session is one connection of a client to a node.
type Session struct {
	node   *Node
	conn   net.Conn
	host   string
	number int // counts the connections of the node, from one
	nonce  uint64
	kick   context.CancelFunc

	// Set by the handshake, before the session is ready.
	client *wire.MsgVersion
	pver   uint32

	ready        atomic.Bool
	wantsHeaders atomic.Bool // the client sent sendheaders
	sent         atomic.Int64

	out   outbox
	asked chan []*wire.InvVect // getdata to be served

	// These are used by the reading goroutine only.
	score         score
	gotVerAck     bool
	gotInitState  bool
	gaveInitState bool
	gaveAddrs     bool

	trickled chan struct{} // poked when there are transactions to announce

	mu      sync.Mutex
	awaited map[string]time.Time // commands the client has to send, until when
	trickle []chainhash.Hash     // transactions to announce
	asking  consensus.BlockID    // for [HasFiltersLate]: the tip that was last requested

	announced map[chainhash.Hash]bool // transactions that were, or will be
}

func newSession(n *Node, conn net.Conn, host string, number int, kick context.CancelFunc) *Session {
	return &Session{
		node:    n,
		conn:    conn,
		host:    host,
		number:  number,
		nonce:   newStream(uint64(number), 0x6e6f6e6365).pcg.Uint64(),
		kick:    kick,
		out:     newOutbox(),
		asked:   make(chan []*wire.InvVect, maxPendingGetData),
		awaited: make(map[string]time.Time),

		trickled: make(chan struct{}, 1),

		announced: make(map[chainhash.Hash]bool),
	}
}

// Chain returns the best chain of the node.
func (s *Session) Chain() *Chain { return s.node.Chain() }

// Number counts the connections of the node: the first session has number one.
func (s *Session) Number() int { return s.number }

// Sent returns how many messages were handed to Behaviour.Send before the
// current one.
func (s *Session) Sent() int { return int(s.sent.Load()) - 1 }

// Misdeed counts something that an honest node would not have done.
func (s *Session) Misdeed() { s.node.misdeeds.Add(1) }

// run serves the connection until it ends.
func (s *Session) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		return s.conn.Close()
	})
	g.Go(func() error {
		if err := s.handshake(ctx); err != nil {
			return fmt.Errorf("handshake: %w", err)
		}
		g.Go(func() error { return s.write(ctx) })
		g.Go(func() error { return s.serveData(ctx) })
		g.Go(func() error { return s.watch(ctx) })
		return s.read()
	})
	err := g.Wait()
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// read reads messages of the client and handles them.
func (s *Session) read() error {
	for {
		msg, err := s.next(idleTimeout)
		if err != nil {
			return err
		}
		if err := s.handle(msg); err != nil {
			return fmt.Errorf("%s: %w", msg.Command(), err)
		}
	}
}

// next reads the next message.
func (s *Session) next(within time.Duration) (wire.Message, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	n, msg, _, err := wire.ReadMessageN(s.conn, s.pver, s.node.params.ChainParams.Net)
	s.node.traffic.BytesIn.Add(int64(n))
	var malformed *wire.MessageError
	if errors.As(err, &malformed) {
		return nil, s.node.ban(s.host, malformed.Error())
	}
	if err != nil {
		return nil, err
	}
	s.trace(true, msg.Command())
	return msg, nil
}

// trace calls Trace for a message, if it is set.
func (s *Session) trace(in bool, command string) {
	if t := s.node.cfg.Trace; t != nil {
		t(Event{At: time.Now(), Session: s, In: in, Command: command})
	}
}

// tell queues messages to the client. It ends the session if too many wait.
func (s *Session) tell(ms ...Message) {
	if err := s.out.put(ms...); err != nil {
		s.kick()
	}
}

// write sends the queued messages.
func (s *Session) write(ctx context.Context) error {
	for {
		m, err := s.out.take(ctx)
		if err != nil {
			return err
		}
		if err := s.send(ctx, m); err != nil {
			return fmt.Errorf("send %s: %w", m.Command, err)
		}
	}
}

// send passes a message to the behaviour.
func (s *Session) send(ctx context.Context, m Message) error {
	s.sent.Add(1)
	s.trace(false, m.Command)
	switch m.Command {
	case wire.CmdHeaders:
		s.node.traffic.Headers.Add(1)
	case wire.CmdCFiltersV2, wire.CmdCFilterV2:
		s.node.traffic.CFilters.Add(1)
	case wire.CmdBlock:
		s.node.traffic.Blocks.Add(1)
	}
	return s.node.cfg.Behaviour.Send(ctx, s, m)
}

// Write puts bytes on the wire.
func (s *Session) Write(b net.Buffers) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	n, err := b.WriteTo(s.conn)
	s.node.traffic.BytesOut.Add(n)
	return err
}
