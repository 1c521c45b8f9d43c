package rpc

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Reasons to refuse a client, as it sees them.
var (
	errCredentials = errors.New("wrong user name or password")
	errThrottled   = errors.New("too many wrong passwords from this address: wait some seconds")
)

// access is what a client may do.
type access uint8

const (
	noAccess   access = iota
	readAccess        // call the methods that only read
	fullAccess
)

// credentials are the name and password pairs that let clients in. They are
// kept as digests of equal length, so that comparing takes the same time
// whatever a client sends.
type credentials []credential

// credential is what one pair opens.
type credential struct {
	digest [sha256.Size]byte
	opens  access

	// random is true for a secret that cannot be guessed: a client that knows it
	// is not throttled because of wrong passwords from the same address.
	random bool
}

// newCredential returns the credential of a pair. Names hold no colon.
func newCredential(user, password string, opens access) credential {
	return credential{digest: sha256.Sum256([]byte(user + ":" + password)), opens: opens}
}

// match returns the credential that the pair is, with no access if it is none.
func (c credentials) match(user, password string) credential {
	given := newCredential(user, password, noAccess)
	found := given
	for i := range c {
		if subtle.ConstantTimeCompare(c[i].digest[:], given.digest[:]) == 1 {
			found = c[i]
		}
	}
	return found
}

// authenticator decides what clients may do.
type authenticator struct {
	credentials credentials
	throttle    authThrottle
}

// authenticate returns what a request may do: by the certificate its connection has
// presented, which the TLS configuration has verified, or by its Basic
// authentication. Without either it may do nothing, which is errCredentials.
func (a *authenticator) authenticate(r *http.Request) (access, error) {
	if certified(r) {
		return fullAccess, nil
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		return noAccess, errCredentials
	}
	return a.authenticatePair(r.RemoteAddr, user, password)
}

// authenticatePair returns what a client may do by name and password, or errCredentials.
// After many wrong ones from an address it returns errThrottled for a while, whatever the
// password, unless that is the cookie's.
func (a *authenticator) authenticatePair(address, user, password string) (access, error) {
	found := a.credentials.match(user, password)
	if found.random {
		return found.opens, nil
	}
	return found.opens, a.throttle.judge(sourceOf(address), time.Now(), found.opens != noAccess)
}

// certified reports whether the client has presented a certificate that is
// trusted. Without trusted ones, clients are asked for none.
func certified(r *http.Request) bool {
	return r.TLS != nil && len(r.TLS.VerifiedChains) > 0
}

// refuse answers a request that is not authenticated, and closes its connection.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, reason error) {
	w.Header().Set("Connection", "close")
	if errors.Is(reason, errThrottled) { // not worth a line each
		s.log.Debug("RPC client not let in", "client", r.RemoteAddr, "reason", reason)
		w.Header().Set("Retry-After", strconv.Itoa(int(attemptEvery/time.Second)))
		http.Error(w, reason.Error(), http.StatusTooManyRequests)
		return
	}
	s.log.Warn("RPC client not let in", "client", r.RemoteAddr)
	w.Header().Set("WWW-Authenticate", `Basic realm="spvd"`)
	http.Error(w, reason.Error(), http.StatusUnauthorized)
}
