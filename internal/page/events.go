package page

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
)

const (
	// eventPace is the time between two events: as often as people can read.
	eventPace = time.Second

	// refreshAfter is the time between two events while the status does not change: ages and
	// the rates of peers do.
	refreshAfter = 10 * time.Second

	// crowdedRetry is when a page above mostFollowers requests events again; it gets one
	// event each time. An error status would make browsers stop for good.
	crowdedRetry = 10 * time.Second
)

// serveEvents sends a page its changes: each event is the changing part of the page, as HTML
// made by the same template. When mostFollowers pages are followed already it sends one event
// and the time of the next request, and ends. Pages of users are counted for themselves, and
// end with their session.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	f := follower{s: s, w: w, answer: http.NewResponseController(w), of: s.session(r), page: shownPage(r)}
	ctx, seats := r.Context(), s.followers
	if f.of != nil {
		var release context.CancelFunc
		ctx, release = f.of.context(ctx)
		defer release()
		seats = s.members
	}
	follow := true
	select {
	case seats <- struct{}{}:
		defer func() { <-seats }()
	default:
		follow = false
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	var err error
	if follow {
		err = f.follow(ctx)
	} else {
		err = f.once(ctx)
	}
	if err == nil && f.of != nil && r.Context().Err() == nil && ctx.Err() != nil {
		_, err = fmt.Fprint(w, "event: ended\ndata: the session is over\n\n")
	}
	if err != nil { // the page is closed
		s.cfg.Log.Debug("Status page not sent", "client", r.RemoteAddr, "err", err)
	}
}

// follower is a page that is sent its changes.
type follower struct {
	s      *Server
	w      http.ResponseWriter
	answer *http.ResponseController
	of     *session // nil without a user
	page   int      // of the wallets
}

// follow sends changes until ctx ends, and then returns nil.
func (f *follower) follow(ctx context.Context) error {
	for seq := uint64(0); ; {
		st := f.s.next(ctx, seq)
		if ctx.Err() != nil {
			return nil
		}
		seq = st.Seq
		if err := f.send(ctx, st); err != nil {
			return err
		}
		if wait.For(ctx, eventPace) != nil {
			return nil
		}
	}
}

// once sends the changing part of the page, a note that too many pages are open, and the
// time of the next request.
func (f *follower) once(ctx context.Context) error {
	err := f.send(ctx, f.s.cfg.Syncer.Status())
	if err == nil {
		_, err = fmt.Fprintf(f.w, "retry: %d\nevent: crowded\ndata: %d\n\n", crowdedRetry.Milliseconds(), crowdedRetry/time.Second)
	}
	return err
}

// send sends the changing part of the page for a status, unless ctx has ended when it is made.
func (f *follower) send(ctx context.Context, st spv.Status) error {
	user := f.s.userView(ctx, f.of, f.page)
	fragment, err := f.s.render("status", func() any { return f.s.view(st, user) })
	switch {
	case err != nil:
		f.s.cfg.Log.Error("Status page not made", "err", err)
		return err
	case ctx.Err() != nil:
		return nil
	}
	return sendEvent(f.w, f.answer, fragment)
}

// next returns the first status that is newer than seq, or after refreshAfter the current
// one.
func (s *Server) next(ctx context.Context, seq uint64) spv.Status {
	ctx, cancel := context.WithTimeout(ctx, refreshAfter)
	defer cancel()
	for st := range s.cfg.Syncer.Changes(ctx, seq) {
		return st
	}
	return s.cfg.Syncer.Status()
}

// sendEvent sends one event, with a deadline for the client to read it.
func sendEvent(w http.ResponseWriter, answer *http.ResponseController, data []byte) error {
	if err := answer.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	for line := range bytes.Lines(data) {
		if _, err := fmt.Fprintf(w, "data: %s\n", bytes.TrimRight(line, "\r\n")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(w, "\n"); err != nil {
		return err
	}
	return answer.Flush()
}
