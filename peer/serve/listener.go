package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// acceptCost is what a connection costs whatever comes of it.
const acceptCost = 100 * time.Microsecond

// errNotListening says that a listener has ended by itself.
var errNotListening = errors.New("it is no longer listened at")

// listen listens at an address of the configuration, and serves the clients that connect,
// until ctx ends. When that fails it tries again after bindPause.
func (s *Server) listen(ctx context.Context, i int) {
	var clients sync.WaitGroup
	defer clients.Wait()
	for ctx.Err() == nil {
		err := s.listenOnce(ctx, i, &clients)
		if ctx.Err() != nil {
			break
		}
		s.show(i, "", err)
		s.cfg.Log.Warn("Not listening for light clients at the moment", "address", s.cfg.Listen[i], "err", err, "again in", bindPause)
		if wait.For(ctx, bindPause) != nil {
			break
		}
	}
	s.show(i, "", nil)
}

// listenOnce binds an address and accepts connections until ctx ends or it fails.
func (s *Server) listenOnce(ctx context.Context, i int, clients *sync.WaitGroup) error {
	l, err := s.cfg.Bind(ctx, s.cfg.Listen[i])
	if err != nil {
		return err
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		l.Close()
		close(closed)
	})
	defer func() {
		if stop() {
			l.Close()
		} else {
			<-closed
		}
	}()
	s.show(i, l.Addr().String(), nil)
	s.cfg.Log.Info("Listening for light clients", "address", l.Addr())
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if conn != nil {
				conn.Close()
			}
			return context.Cause(ctx)
		case errors.Is(err, net.ErrClosed):
			return errNotListening
		case err != nil: // the system has run out of something
			return err
		}
		s.meet(ctx, conn, clients)
		if err := wait.For(ctx, s.sources.useAccept(acceptCost, time.Now())); err != nil {
			return err
		}
	}
}

// meet serves a new connection on a goroutine of its own, or closes it if there is no room.
func (s *Server) meet(ctx context.Context, conn net.Conn, clients *sync.WaitGroup) {
	name := sourceOf(conn.RemoteAddr())
	src, refusal := s.sources.admit(name, time.Now())
	if src == nil {
		s.refused.Add(1) // before the client can see it
		conn.Close()
		s.cfg.Log.Debug("Client refused", "client", conn.RemoteAddr(), "because", refusal)
		return
	}
	s.accepted.Add(1)
	ctx, end := context.WithCancelCause(ctx)
	c := s.enter(conn, src, end)
	clients.Go(func() {
		defer end(nil)
		c.log.Debug("Client connected")
		err := c.run(ctx)
		s.exit(c)
		c.log.Debug("Client left", "sent", c.sent.Load(), "received", c.received.Load(), "because", ended(err))
	})
}

// enter makes the session of a connection.
func (s *Server) enter(conn net.Conn, src *source, end context.CancelCauseFunc) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	c := newSession(s, s.lastID, conn, src, end)
	s.sessions[c] = struct{}{}
	return c
}

func (s *Server) exit(c *session) {
	s.sources.leave(c.src, time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
}

// show records whether an address is listened at, and reports all that is wrong.
func (s *Server) show(i int, bound string, err error) {
	s.mu.Lock()
	s.listeners[i].Bound, s.listeners[i].Err = bound, err
	var troubles []string
	for _, l := range s.listeners {
		if l.Err != nil {
			troubles = append(troubles, fmt.Sprintf("Light clients are not served at %s at the moment: %v.", l.Address, l.Err))
		}
	}
	s.mu.Unlock()
	s.cfg.Report(troubles...)
}
