package rpc

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/wait"
)

// preauthBytes is the size of the largest message that is read from a
// connection before it has authenticated.
const preauthBytes = 4 << 10

// hangUpEvery is how often is checked whether a client has disconnected whose messages are
// not read because too many of them are being answered.
const hangUpEvery = 200 * time.Millisecond

// errHungUp is the cause with which calls are cancelled when their client has closed the
// connection.
var errHungUp = errors.New("the client has closed the connection")

// serveWebsocket turns the request into a websocket and answers the messages on it until the
// client disconnects or ctx ends.
func (s *Server) serveWebsocket(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	_, _, presented := r.BasicAuth()
	may, err := s.auth.authenticate(r)
	known := err == nil
	if presented && !known {
		s.refuse(w, r, err)
		return
	}
	if known {
		s.preauth.authenticated(w, r)
		if !s.websockets.take(may) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many websocket clients: try again", http.StatusTooManyRequests)
			return
		}
		defer s.websockets.free(may)
	}
	leave, ok := s.sessions.enter(r)
	if !ok {
		http.Error(w, "the daemon is stopping", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	if !known {
		defer s.preauth.leave(connOf(r))
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil { // Accept has replied
		s.log.Debug("RPC websocket refused", "client", r.RemoteAddr, "err", err)
		return
	}
	defer conn.CloseNow()
	c := &session{server: s, conn: conn, client: r.RemoteAddr, may: may, wallet: r.PathValue("wallet"), raw: connOf(r)}
	if !known {
		if !c.introduce(ctx, func() { s.preauth.leave(connOf(r)) }) {
			return
		}
		defer s.websockets.free(c.may)
	}
	c.run(ctx)
}

// session is one websocket connection.
type session struct {
	server *Server
	conn   *websocket.Conn
	raw    net.Conn // below TLS
	client string   // address
	may    grant
	wallet string // the name in the path; empty for none
	feeds  *feed.Sender
	leave  func()         // cancels all calls: the client no longer waits for replies
	room   slots          // one for each message that is being answered
	calls  sync.WaitGroup // the goroutines of these messages

	mu      sync.Mutex
	closing bool // no more messages are answered
}

// introduce waits for the client to authenticate and replies. If it returns true, it has
// taken a websocket slot. It calls known before the client learns that it is authenticated.
func (c *session) introduce(ctx context.Context, known func()) bool {
	ctx, cancel := context.WithTimeout(ctx, c.server.limits.AuthTime)
	defer cancel()
	c.conn.SetReadLimit(preauthBytes)
	_, message, err := c.conn.Read(ctx)
	if err != nil {
		c.server.log.Debug("RPC websocket closed before authentication", "client", c.client, "err", err)
		return false
	}
	calls, batch := decodeMessage(message, 1)
	first := &calls[0]
	var refusal *api.Error
	reason := errCredentials
	if !batch && first.method == api.AuthenticateMethod {
		reason = c.vouch(ctx, first)
	}
	switch {
	case errors.Is(reason, errThrottled):
		refusal = &api.Error{Code: api.CodeMisc, Message: reason.Error()}
	case reason != nil:
		c.server.log.Warn("RPC client not let in", "client", c.client)
		refusal = &api.Error{Code: api.CodeInvalid, Message: reason.Error() + "; the first call must be authenticate [user, password]"}
	case !c.server.websockets.take(c.may):
		refusal = &api.Error{Code: api.CodeMisc, Message: "too many websocket clients; try again"}
	}
	if refusal == nil {
		known()
	}
	err = c.send(ctx, first.reply(nil, refusal))
	if err != nil && refusal == nil {
		c.server.websockets.free(c.may)
	}
	return err == nil && refusal == nil
}

// vouch records the access of the credentials in an authenticate call. It returns the reason
// if they have none.
func (c *session) vouch(ctx context.Context, first *call) error {
	user, password, err := method.Credentials(first.params)
	if err != nil {
		return errCredentials
	}
	may, reason := c.server.auth.authenticatePair(ctx, c.client, user, password)
	c.may = may
	return reason
}

// run reads messages and answers them until the client disconnects or ctx ends. It reads a
// message only when there is room to answer it; replies are sent in the order in which they
// are ready. An idle client occupies this goroutine and no other.
func (c *session) run(ctx context.Context) {
	c.conn.SetReadLimit(c.server.limits.Bytes)
	attended, giveUp := context.WithCancelCause(ctx) // until the client no longer waits for replies
	c.leave = func() { giveUp(errHungUp) }
	leave := c.leave
	defer leave()
	c.feeds = feed.NewSender(attended, c.server.hub, c.send)
	c.room = make(slots, c.server.limits.Concurrent)
	dismissed := make(chan struct{})
	stays := context.AfterFunc(ctx, func() {
		defer close(dismissed)
		c.drain()
		c.conn.Close(websocket.StatusGoingAway, "the daemon is stopping")
	})
	err := c.read(attended)
	c.server.log.Debug("RPC websocket closed", "client", c.client, "err", err)
	leave()
	if !stays() {
		<-dismissed
		return
	}
	c.drain()
	c.conn.CloseNow()
}

// read reads messages and starts answering them until the connection ends. Once ctx has ended
// it drops them: the closing handshake needs a reader.
func (c *session) read(ctx context.Context) error {
	for {
		held := share{memory: &c.server.dispatcher.memory, restricted: c.may.isRestricted()}
		_, r, err := c.conn.Reader(context.WithoutCancel(ctx))
		var m []byte
		if err == nil {
			m, err = c.receive(r, &held)
		}
		if err != nil {
			held.end()
			if errors.Is(err, errNoMemory) {
				c.conn.Close(websocket.StatusTryAgainLater, err.Error())
			}
			return err
		}
		switch taken, err := c.takeRoom(ctx); {
		case err != nil:
			held.end()
			return err
		case taken:
			c.accept(ctx, m, held)
		default:
			held.end()
		}
	}
}

// receive reads a message that has begun. A client that does not send all of it in time is cut
// off: what has arrived of it holds memory that all clients share.
func (c *session) receive(r io.Reader, held *share) ([]byte, error) {
	stop := time.AfterFunc(c.server.limits.MoveTime, func() { c.conn.CloseNow() })
	defer stop.Stop()
	return readMessage(r, held)
}

// takeRoom waits until a message may be answered, and returns false if none may because ctx
// has ended. The error says that the client has closed the connection.
func (c *session) takeRoom(ctx context.Context) (taken bool, err error) {
	if ctx.Err() == nil && c.room.take() {
		return true, nil
	}
	timer := wait.NewTimer(hangUpEvery)
	defer timer.Stop()
	for {
		select {
		case c.room <- struct{}{}:
			return true, nil
		case <-ctx.Done():
			return false, nil
		case <-timer.C():
			if hungUp(c.raw) {
				return false, errHungUp
			}
			timer.Reset(hangUpEvery)
		}
	}
}

// accept starts answering a message, unless the session is about to end.
func (c *session) accept(ctx context.Context, message []byte, held share) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		held.end()
		c.room.free()
		return
	}
	c.calls.Go(func() {
		defer c.room.free()
		defer held.end()
		if err := c.answer(ctx, message, &held); err != nil {
			c.server.log.Debug("RPC reply not sent", "client", c.client, "err", err)
			c.leave()
		}
	})
}

// drain refuses further messages, and returns when nothing more is being sent.
func (c *session) drain() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.calls.Wait()
	c.feeds.Stop()
}

// answer answers one message and sends the reply if there is one. Subscriptions of the
// message begin after that.
func (c *session) answer(ctx context.Context, message []byte, held *share) error {
	from := &caller{share: held, Caller: c.may.caller(c.wallet)}
	from.Feeds, from.Replied = c.feeds, make(chan struct{})
	defer func() {
		if close(from.Replied); from.Subscribed {
			c.feeds.Hurry()
		}
	}()
	list := &sentList{session: c, ctx: context.WithoutCancel(ctx)}
	reply, sent, err := c.server.dispatcher.answer(ctx, from, message, list)
	if sent {
		return list.end(err)
	}
	if reply == nil {
		return nil
	}
	return c.send(context.WithoutCancel(ctx), reply)
}

// sentList is a message with a list, which is sent while it is encoded. Other messages wait
// until it is complete.
type sentList struct {
	*session
	ctx     context.Context
	message io.WriteCloser // nil until it begins
}

// Write implements io.Writer. A client that does not read the part in time is cut off.
func (l *sentList) Write(p []byte) (int, error) {
	stop := time.AfterFunc(l.server.limits.CallTime, func() { l.conn.CloseNow() })
	defer stop.Stop()
	if l.message == nil {
		var err error
		if l.message, err = l.conn.Writer(l.ctx, websocket.MessageText); err != nil {
			return 0, err
		}
	}
	return l.message.Write(p)
}

// end ends the message. One that could not be sent whole cuts the client off.
func (l *sentList) end(err error) error {
	if errors.Is(err, errSent) {
		l.conn.CloseNow()
		return err
	}
	return l.message.Close()
}

// send writes one message. A client that does not read it in time is cut off.
func (c *session) send(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.server.limits.CallTime)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, message)
}
