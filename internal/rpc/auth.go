package rpc

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
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
}

// newCredential returns the credential of a pair. Names hold no colon.
func newCredential(user, password string, opens access) credential {
	return credential{sha256.Sum256([]byte(user + ":" + password)), opens}
}

// match returns what the pair opens.
func (c credentials) match(user, password string) access {
	given := newCredential(user, password, noAccess)
	opens := noAccess
	for i := range c {
		if subtle.ConstantTimeCompare(c[i].digest[:], given.digest[:]) == 1 {
			opens = c[i].opens
		}
	}
	return opens
}

// access returns what a request may do: by the certificate its connection has
// presented, which the TLS configuration has verified, or by its Basic
// authentication.
func (c credentials) access(r *http.Request) access {
	if certified(r) {
		return fullAccess
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		return noAccess
	}
	return c.match(user, password)
}

// certified reports whether the client has presented a certificate that is
// trusted. Without trusted ones, clients are asked for none.
func certified(r *http.Request) bool {
	return r.TLS != nil && len(r.TLS.VerifiedChains) > 0
}

// unauthorised answers a request that is not let in.
func unauthorised(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="spvd"`)
	http.Error(w, "wrong user name or password", http.StatusUnauthorized)
}
