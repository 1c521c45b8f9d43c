package page

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/spvd/spvd/internal/localhost"
)

const (
	loginPath  = "/login"
	logoutPath = "/logout"

	// formBytes is the size of the largest form that is read.
	formBytes = 4 << 10
)

// plainTextReason is why no user can log in from another machine in plain text.
const plainTextReason = "Other machines could read the password on the way. Open this page at a loopback address of the machine that spvd " +
	"runs on, or start spvd with --metricstls."

// loginView is the data of the template of the form.
type loginView struct {
	pageView
	Name    string // as the user has typed it
	Trouble string // why the user is not logged in; empty at first
	Closed  string // why there is no form; empty if there is one
}

// serveLogin serves the form, or leads a user who has logged in to the page.
func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request) {
	switch {
	case !localhost.Confidential(r):
		s.serveForm(w, http.StatusForbidden, loginView{Closed: plainTextReason})
	case s.session(r) != nil:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		s.serveForm(w, http.StatusOK, loginView{})
	}
}

// logIn judges a name and password, and opens a session.
func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	if !localhost.Confidential(r) {
		s.serveForm(w, http.StatusForbidden, loginView{Closed: plainTextReason})
		return
	}
	reading := http.NewResponseController(w)
	_ = reading.SetReadDeadline(time.Now().Add(headerTime)) // else the time for headers holds
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	if err := r.ParseForm(); err != nil {
		s.serveForm(w, http.StatusBadRequest, loginView{Trouble: "The form could not be read: send it again."})
		return
	}
	_ = reading.SetReadDeadline(time.Time{})
	name := r.PostForm.Get("name")
	user, err := s.cfg.Login(r.Context(), r.RemoteAddr, name, r.PostForm.Get("password"))
	var throttled interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &throttled): // too many for a warning each
		s.cfg.Log.Debug("User not let in on the status page", "client", r.RemoteAddr, "err", err)
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(throttled.RetryAfter().Seconds()))))
		s.serveForm(w, http.StatusTooManyRequests, loginView{Name: name, Trouble: sentence(err.Error())})
		return
	case err != nil:
		s.cfg.Log.Warn("User not let in on the status page", "client", r.RemoteAddr)
		s.serveForm(w, http.StatusForbidden, loginView{Name: name, Trouble: sentence(err.Error())})
		return
	}
	if before := s.session(r); before != nil {
		s.sessions.drop(before)
	}
	s.cfg.Log.Info("User logged in on the status page", "user", name, "client", r.RemoteAddr)
	setCookie(w, r, s.sessions.add(name, user, time.Now()), sessionTime)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// logOut ends the session of a request, if it has one.
func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	if of := s.session(r); of != nil {
		s.sessions.drop(of)
	}
	setCookie(w, r, "", 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// serveForm serves the form of the login with an HTTP status.
func (s *Server) serveForm(w http.ResponseWriter, status int, form loginView) {
	form.pageView = s.frame()
	s.servePage(w, status, "login", func() any { return form })
}
