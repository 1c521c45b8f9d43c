package rpc

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc/api"
)

// strangerBytes is the size of the largest message that is read from a
// connection before it has authenticated.
const strangerBytes = 4 << 10

// serveWebsocket turns the request into a websocket and answers the messages
// on it until the client leaves or ctx ends.
func (s *Server) serveWebsocket(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	_, _, presented := r.BasicAuth()
	may, err := s.door.admit(r)
	known := err == nil
	if presented && !known {
		s.refuse(w, r, err)
		return
	}
	if known {
		s.lobby.known(w, r)
		if !s.websockets.take() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many websocket clients: try again", http.StatusTooManyRequests)
			return
		}
		defer s.websockets.free()
	}
	leave, ok := s.sessions.enter(r)
	if !ok {
		http.Error(w, "the daemon is stopping", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	if !known {
		defer s.lobby.leave(connOf(r))
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil { // has been answered
		s.log.Debug("RPC websocket refused", "client", r.RemoteAddr, "err", err)
		return
	}
	defer conn.CloseNow()
	c := &session{server: s, conn: conn, client: r.RemoteAddr, may: may, wallet: walletOf(r)}
	if !known {
		if !c.introduce(ctx, func() { s.lobby.leave(connOf(r)) }) {
			return
		}
		defer s.websockets.free()
	}
	c.run(ctx)
}

// session is one websocket connection.
type session struct {
	server *Server
	conn   *websocket.Conn
	client string // address
	may    access
	wallet string // its name
	feeds  *feeds
	room   slots          // what messages that are being answered have taken
	calls  sync.WaitGroup // they themselves

	mu      sync.Mutex
	closing bool // no more messages are answered
}

// introduce waits for the client to authenticate and answers it. When it
// returns true, a websocket slot has been taken. It calls known before the client
// can rely on being let in.
func (c *session) introduce(ctx context.Context, known func()) bool {
	ctx, cancel := context.WithTimeout(ctx, c.server.limits.AuthTime)
	defer cancel()
	c.conn.SetReadLimit(strangerBytes)
	_, message, err := c.conn.Read(ctx)
	if err != nil {
		c.server.log.Debug("RPC websocket closed before authentication", "client", c.client, "err", err)
		return false
	}
	calls, batch := decodeMessage(message, 1)
	first := &calls[0]
	var refusal *api.Error
	reason := errStranger
	if !batch && first.method == api.AuthenticateMethod {
		reason = c.vouch(first)
	}
	switch {
	case errors.Is(reason, errGuessing):
		refusal = &api.Error{Code: api.CodeMisc, Message: reason.Error()}
	case reason != nil:
		c.server.log.Warn("RPC client not let in", "client", c.client)
		refusal = &api.Error{Code: api.CodeInvalid, Message: reason.Error() + "; the first call must be authenticate [user, password]"}
	case !c.server.websockets.take():
		refusal = &api.Error{Code: api.CodeMisc, Message: "too many websocket clients; try again"}
	}
	if refusal == nil {
		known()
	}
	err = c.send(ctx, first.reply(nil, refusal))
	if err != nil && refusal == nil {
		c.server.websockets.free()
	}
	return err == nil && refusal == nil
}

// vouch keeps what the credentials in an authenticate call open. It returns why
// they open nothing, if so.
func (c *session) vouch(first *call) error {
	m := method{params: []param{{name: "username", kind: kindString}, {name: "password", kind: kindString}}}
	a, err := m.decodeArgs(first.params)
	if err != nil {
		return errStranger
	}
	may, reason := c.server.door.admitPair(c.client, a.str("username"), a.str("password"))
	c.may = may
	return reason
}

// run reads messages and answers them until the client leaves or ctx ends. A
// message is read only when there is room to work on it; the replies come in
// the order in which they are ready. A client that is idle occupies this
// goroutine and no other.
func (c *session) run(ctx context.Context) {
	c.conn.SetReadLimit(c.server.limits.Bytes)
	attended, leave := context.WithCancel(ctx) // until nobody waits for replies any more
	defer leave()
	c.feeds = newFeeds(attended, c.server.dispatcher.backend.news, c.send)
	c.room = make(slots, c.server.limits.Concurrent)
	dismissed := make(chan struct{})
	stays := context.AfterFunc(ctx, func() {
		defer close(dismissed)
		c.settle()
		c.conn.Close(websocket.StatusGoingAway, "the daemon is stopping")
	})
	err := c.read(attended)
	c.server.log.Debug("RPC websocket closed", "client", c.client, "err", err)
	leave()
	if !stays() {
		<-dismissed
		return
	}
	c.settle()
	c.conn.CloseNow()
}

// read reads messages and has them answered until the connection ends. Once ctx
// has ended it drops them: the closing handshake needs somebody who reads.
func (c *session) read(ctx context.Context) error {
	for {
		_, m, err := c.conn.Read(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		select {
		case c.room <- struct{}{}:
			c.accept(ctx, m)
		case <-ctx.Done():
		}
	}
}

// accept has a message answered, unless the session is about to end.
func (c *session) accept(ctx context.Context, message []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		c.room.free()
		return
	}
	c.calls.Go(func() {
		defer c.room.free()
		if err := c.answer(ctx, message); err != nil {
			c.server.log.Debug("RPC reply not sent", "client", c.client, "err", err)
		}
	})
}

// settle lets no more messages be answered, and returns when nothing is being
// sent any more.
func (c *session) settle() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.calls.Wait()
	c.feeds.stop()
}

// answer works on one message and sends the reply if there is one. What the
// message has subscribed to begins after that.
func (c *session) answer(ctx context.Context, message []byte) error {
	from := &caller{may: c.may, wallet: c.wallet, feeds: c.feeds, replied: make(chan struct{})}
	defer func() {
		if close(from.replied); from.subscribed {
			c.feeds.hurry()
		}
	}()
	reply := c.server.dispatcher.answer(ctx, from, message)
	if reply == nil {
		return nil
	}
	return c.send(context.WithoutCancel(ctx), reply)
}

// send writes one message. A client that does not take it in time is cut off.
func (c *session) send(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.server.limits.CallTime)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, message)
}
