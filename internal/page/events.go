package page

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/wait"
)

const (
	// eventPace is the time between two events: as often as people can read.
	eventPace = time.Second

	// refreshAfter is how long a page is left as it is while the status does not
	// change: ages and the speed of peers do.
	refreshAfter = 10 * time.Second

	// crowdedRetry is when a page comes again that is one too many, and gets one event
	// each time. A code of refusal would keep browsers from ever trying again.
	crowdedRetry = 10 * time.Second
)

// serveEvents keeps a page up to date: each event is the part of it that
// changes, as HTML made by the same template. When mostFollowers pages are followed
// already it sends one such event, tells the browser when to ask again, and ends.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	follow := true
	select {
	case s.followers <- struct{}{}:
		defer func() { <-s.followers }()
	default:
		follow = false
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	answer := http.NewResponseController(w)
	if !follow {
		s.sendOnce(w, answer)
		return
	}
	for seq := uint64(0); ; {
		st := s.next(r.Context(), seq)
		seq = st.Seq
		fragment, err := s.render("status", st)
		if err != nil {
			s.cfg.Log.Error("Status page not made", "err", err)
			return
		}
		if err := sendEvent(w, answer, fragment); err != nil { // the page is closed
			s.cfg.Log.Debug("Status page not followed any more", "client", r.RemoteAddr, "err", err)
			return
		}
		if wait.For(r.Context(), eventPace) != nil {
			return
		}
	}
}

// sendOnce sends the part of the page that changes, that many pages are open, and when to
// ask again.
func (s *Server) sendOnce(w http.ResponseWriter, answer *http.ResponseController) {
	fragment, err := s.render("status", s.cfg.status())
	if err != nil {
		s.cfg.Log.Error("Status page not made", "err", err)
		return
	}
	err = sendEvent(w, answer, fragment)
	if err == nil {
		_, err = fmt.Fprintf(w, "retry: %d\nevent: crowded\ndata: %d\n\n", crowdedRetry.Milliseconds(), crowdedRetry/time.Second)
	}
	if err != nil {
		s.cfg.Log.Debug("Status page not sent", "err", err)
	}
}

// next returns the first status that is newer than seq, or after a while the one that
// is current still.
func (s *Server) next(ctx context.Context, seq uint64) api.SyncStatus {
	ctx, cancel := context.WithTimeout(ctx, refreshAfter)
	defer cancel()
	for st := range s.cfg.Syncer.Changes(ctx, seq) {
		return view.SyncStatus(st, time.Now())
	}
	return s.cfg.status()
}

// sendEvent sends one event, for which the client has its time.
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
