package rpc

import (
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/spvd/spvd/wallet"
)

// servePost answers one message in the body of a POST request. Errors of calls are part of
// the reply; the status is about the request itself.
func (s *Server) servePost(w http.ResponseWriter, r *http.Request) {
	may, err := s.auth.authenticate(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.preauth.authenticated(w, r)
	if !acceptable(r.Header.Get("Content-Type")) {
		http.Error(w, "send JSON with Content-Type: application/json", http.StatusUnsupportedMediaType)
		return
	}
	if !s.requests.take(may) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests at once: try again", http.StatusTooManyRequests)
		return
	}
	defer s.requests.free(may)
	held := share{memory: &s.dispatcher.memory, restricted: may.isRestricted()}
	defer held.end()
	body, err := readMessage(http.MaxBytesReader(w, r.Body, s.limits.Bytes), &held)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "the request exceeds "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes", http.StatusRequestEntityTooLarge)
		return
	case errors.Is(err, errNoMemory):
		w.Header().Set("Retry-After", "1")
		http.Error(w, err.Error(), http.StatusTooManyRequests)
		return
	case err != nil:
		http.Error(w, "the request did not arrive whole", http.StatusBadRequest)
		return
	}
	from := &caller{Caller: may.caller(r.PathValue("wallet")), share: &held}
	list := &postedList{w: w, control: http.NewResponseController(w), each: s.limits.MoveTime}
	reply, sent, err := s.dispatcher.answer(r.Context(), from, body, list)
	if sent {
		if err == nil {
			_, err = w.Write([]byte{'\n'})
		}
		if err != nil {
			s.log.Debug("RPC list not sent whole", "client", r.RemoteAddr, "err", err)
		}
		if errors.Is(err, errSent) {
			panic(http.ErrAbortHandler) // the part that was sent is no reply
		}
		return
	}
	if reply == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)+1))
	w.Write(append(reply, '\n'))
}

// postedList is the writer of a list that is sent while it is encoded. The client has to read
// each part in time.
type postedList struct {
	w       http.ResponseWriter
	control *http.ResponseController
	each    time.Duration
}

// Write implements io.Writer.
func (l *postedList) Write(p []byte) (int, error) {
	l.w.Header().Set("Content-Type", "application/json")
	if err := l.control.SetWriteDeadline(time.Now().Add(l.each)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := l.w.Write(p)
	if err == nil {
		err = l.control.Flush()
	}
	return n, err
}

// acceptable reports whether a body of this type is read as JSON. Tools label JSON in many
// ways, curl as a form by default.
func acceptable(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && slices.Contains([]string{
		"application/json",
		"application/json-rpc",
		"application/jsonrequest",
		"application/x-www-form-urlencoded",
		"text/plain",
	}, media)
}

// orDefault returns the name of a wallet, that of the default one if there is none.
func orDefault(name string) string {
	if name != "" {
		return name
	}
	return wallet.DefaultName
}
