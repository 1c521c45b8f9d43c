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

	// refreshAfter is the time between two events while the status does not change: ages and
	// the rates of peers do.
	refreshAfter = 10 * time.Second

	// crowdedRetry is when a page above mostFollowers requests events again; it gets one
	// event each time. An error status would make browsers stop for good.
	crowdedRetry = 10 * time.Second
)

// serveEvents sends a page its changes: each event is the changing part of the page, as HTML
// made by the same template. When mostFollowers pages are followed already it sends one event
// and the time of the next request, and ends.
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
			s.cfg.Log.Debug("Status page closed", "client", r.RemoteAddr, "err", err)
			return
		}
		if wait.For(r.Context(), eventPace) != nil {
			return
		}
	}
}

// sendOnce sends the changing part of the page, a note that too many pages are open, and the
// time of the next request.
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

// next returns the first status that is newer than seq, or after refreshAfter the current
// one.
func (s *Server) next(ctx context.Context, seq uint64) api.SyncStatus {
	ctx, cancel := context.WithTimeout(ctx, refreshAfter)
	defer cancel()
	for st := range s.cfg.Syncer.Changes(ctx, seq) {
		return view.SyncStatus(st, time.Now())
	}
	return s.cfg.status()
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
