package page

import (
	"fmt"
	"net/http"

	"github.com/spvd/spvd/internal/rpc/api"
)

// hungReason is the reason for a daemon whose sync hangs, which reports none itself.
const hungReason = "The sync hangs: restart spvd."

// serveLive answers whether the daemon is alive: if not, a restart helps.
func (s *Server) serveLive(w http.ResponseWriter, _ *http.Request) {
	st := s.cfg.status()
	alive := s.cfg.Alive()
	if !alive {
		st.Reason = hungReason
	}
	answerHealth(w, &st, alive && st.Phase != api.PhaseFailed)
}

// serveReady answers whether the data of the daemon is up to date, but for blocks that have just
// come.
func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	st := s.cfg.status()
	answerHealth(w, &st, st.Ready)
}

// answerHealth answers with an HTTP status for programs and the reason for people.
func answerHealth(w http.ResponseWriter, st *api.SyncStatus, well bool) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if !well {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, st.Reason)
}
