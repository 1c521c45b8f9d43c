package rpc

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Reasons for which a client is refused, in its words.
var (
	errCredentials = errors.New("wrong user name or password")
	errThrottled   = errors.New("too many wrong passwords from this address: wait some seconds")
)

// access is the set of calls that a client may make.
type access uint8

const (
	noAccess   access = iota
	readAccess        // call the methods that only read
	fullAccess
)

// credentials are the accepted name and password pairs. They are kept as digests of equal
// length, so that comparing takes the same time whatever a client sends.
type credentials []credential

// credential is one pair and its access.
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

// match returns the credential for a pair, one without access if there is none.
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

// authenticator decides the access of clients.
type authenticator struct {
	credentials credentials
	throttle    authThrottle
}

// authenticate returns the access of a request: by the client certificate of its connection,
// which the TLS configuration has verified, or by its Basic authentication. Without either it
// returns errCredentials.
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

// authenticatePair returns the access for a name and password, or errCredentials. After many
// wrong pairs from an address it returns errThrottled for a while, whatever the password,
// except for the cookie's.
func (a *authenticator) authenticatePair(address, user, password string) (access, error) {
	found := a.credentials.match(user, password)
	if found.random {
		return found.opens, nil
	}
	return found.opens, a.throttle.judge(sourceOf(address), time.Now(), found.opens != noAccess)
}

// certified reports whether the client has presented a trusted certificate. Without client
// authorities, clients are asked for none.
func certified(r *http.Request) bool {
	return r.TLS != nil && len(r.TLS.VerifiedChains) > 0
}

// refuse answers a request that is not authenticated, and closes its connection.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, reason error) {
	w.Header().Set("Connection", "close")
	if errors.Is(reason, errThrottled) { // too many for a warning each
		s.log.Debug("RPC client not let in", "client", r.RemoteAddr, "reason", reason)
		w.Header().Set("Retry-After", strconv.Itoa(int(attemptEvery/time.Second)))
		http.Error(w, reason.Error(), http.StatusTooManyRequests)
		return
	}
	s.log.Warn("RPC client not let in", "client", r.RemoteAddr)
	w.Header().Set("WWW-Authenticate", `Basic realm="spvd"`)
	http.Error(w, reason.Error(), http.StatusUnauthorized)
}
