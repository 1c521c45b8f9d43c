package page

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/localhost"
)

const (
	// sessionTime is how long a session lasts: a day of work.
	sessionTime = 12 * time.Hour

	// mostSessions is how many sessions there are at once.
	mostSessions = 64

	// tokenBytes is the length of the random secret of a session.
	tokenBytes = 32
)

// session is a user who has logged in with a browser.
type session struct {
	user  User
	name  string
	key   [sha256.Size]byte // digest of the secret
	until time.Time

	// life ends when the user logs out, or the session has to make room.
	life context.Context
	end  context.CancelFunc
}

// context returns a context that ends with another one and with the session, and a function
// that releases it.
func (s *session) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadline(ctx, s.until)
	stop := context.AfterFunc(s.life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// sessions are the sessions by the digests of their secrets: how long it takes to find one says
// nothing about a secret. The zero value is ready.
type sessions struct {
	mu   sync.Mutex
	open []*session // oldest first
}

// add opens a session and returns its secret. If there are too many, the oldest one of the user
// with most of them ends, so that no user can end those of others.
func (s *sessions) add(name string, user User, now time.Time) string {
	secret := make([]byte, tokenBytes)
	rand.Read(secret) // which never fails
	token := hex.EncodeToString(secret)
	life, end := context.WithCancel(context.Background())
	opened := &session{user: user, name: name, key: sha256.Sum256([]byte(token)), until: now.Add(sessionTime), life: life, end: end}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(func(o *session) bool { return !now.Before(o.until) })
	s.open = append(s.open, opened)
	if len(s.open) <= mostSessions {
		return token
	}
	count, crowd := make(map[string]int), name
	for _, o := range s.open {
		count[o.name]++
	}
	for _, o := range s.open {
		if count[o.name] > count[crowd] {
			crowd = o.name
		}
	}
	first := true
	s.dropLocked(func(o *session) bool {
		drop := first && o.name == crowd
		first = first && !drop
		return drop
	})
	return token
}

// find returns the session with a secret, nil if there is none.
func (s *sessions) find(token string, now time.Time) *session {
	key := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.open {
		if o.key == key && now.Before(o.until) {
			return o
		}
	}
	return nil
}

// drop ends a session.
func (s *sessions) drop(which *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(func(o *session) bool { return o == which })
}

// dropLocked ends the sessions that a function reports, which sees them oldest first.
func (s *sessions) dropLocked(ends func(*session) bool) {
	kept := s.open[:0]
	for _, o := range s.open {
		if ends(o) {
			o.end()
			continue
		}
		kept = append(kept, o)
	}
	clear(s.open[len(kept):])
	s.open = kept
}

// session returns the session of a request, nil if it has none. A request that a page of another
// origin has made has none: other ports of this machine count as the same site for cookies.
func (s *Server) session(r *http.Request) *session {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return nil
	}
	if !localhost.Confidential(r) {
		return nil
	}
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil
	}
	return s.sessions.find(c.Value, time.Now())
}

// cookieName returns the name of the cookie at the port of a request: browsers send a cookie to
// all ports of a host, where there may be other daemons.
func cookieName(r *http.Request) string {
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return "spvd-" + strconv.Itoa(at.Port)
	}
	return "spvd"
}

// setCookie gives a browser the secret of its session for a time; less than a second takes it
// away.
func setCookie(w http.ResponseWriter, r *http.Request, secret string, lasts time.Duration) {
	age := int(lasts / time.Second)
	if age <= 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // on loopback there may be no TLS
		Name: cookieName(r), Value: secret, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
}
