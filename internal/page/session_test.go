package page

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// TestSessionsExpire: a session is over after sessionTime, used or not.
func TestSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		token := s.add("a", nil, time.Now())
		_ = wait.For(t.Context(), sessionTime-time.Second)
		of := s.find(token, time.Now())
		if of == nil {
			t.Fatal("the session is over too early")
		}
		ctx, release := of.context(t.Context())
		defer release()
		_ = wait.For(t.Context(), time.Second)
		synctest.Wait()
		if s.find(token, time.Now()) != nil || ctx.Err() == nil {
			t.Error("the session is not over")
		}
		s.add("a", nil, time.Now())
		if len(s.open) != 1 {
			t.Errorf("%d sessions are kept", len(s.open))
		}
	})
}

// TestSessionsAreBounded: a user who logs in without end ends no session of another user.
func TestSessionsAreBounded(t *testing.T) {
	var s sessions
	now := time.Now()
	other := s.add("b", nil, now)
	first := s.add("a", nil, now)
	followed, release := s.find(first, now).context(t.Context())
	defer release()
	last := ""
	for range 10 * mostSessions {
		last = s.add("a", nil, now)
	}
	if len(s.open) != mostSessions || s.find(other, now) == nil || s.find(last, now) == nil || s.find(first, now) != nil {
		t.Errorf("%d sessions, of the other user %v, the newest %v, the oldest %v", len(s.open), s.find(other, now), s.find(last, now), s.find(first, now))
	}
	<-followed.Done()
}

// request returns a request as it arrives at an address of this machine, over TLS or not.
func request(method, path string, local net.IP, secure bool) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(url.Values{"name": {"a"}, "password": {"b"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !secure {
		r.TLS = nil
	} else {
		r.TLS = &tls.ConnectionState{}
	}
	return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: local, Port: 9113}))
}

// TestPasswordsStayOnTheMachine: in plain text a password is taken on loopback addresses only, and over
// TLS the cookie never leaves it.
func TestPasswordsStayOnTheMachine(t *testing.T) {
	judged := 0
	s := &Server{turns: newTurns(), cfg: Config{Log: slog.New(slog.DiscardHandler), Network: "mainnet", Core: Core{
		Login: func(context.Context, string, string, string) (User, error) { judged++; return nil, nil },
	}}}
	public, loopback := net.IPv4(192, 0, 2, 1), net.IPv4(127, 0, 0, 1)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, request(method, loginPath, public, false))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "--metricstls") || strings.Contains(w.Body.String(), "<form") || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s from elsewhere gives %d %s", method, w.Code, w.Body)
		}
	}
	if judged != 0 {
		t.Error("the password was judged")
	}
	for _, test := range []struct {
		local  net.IP
		secure bool
	}{{loopback, false}, {loopback, true}, {public, true}} {
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, request(http.MethodPost, loginPath, test.local, test.secure))
		list := w.Result().Cookies() //nolint:bodyclose // of a recorder
		if w.Code != http.StatusSeeOther || len(list) != 1 || list[0].Secure != test.secure || list[0].Name != "spvd-9113" {
			t.Errorf("%+v gives %d %v", test, w.Code, list)
		}
		r := request(http.MethodGet, "/", public, false)
		r.AddCookie(list[0])
		if s.session(r) != nil {
			t.Error("a session is open in plain text from elsewhere")
		}
	}
}
