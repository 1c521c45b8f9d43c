package rpc

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// credentials are the name and password pairs that let clients in. They are
// kept as digests of equal length, so that comparing takes the same time
// whatever a client sends.
type credentials [][sha256.Size]byte

// digest returns what a pair is kept as. Names hold no colon.
func digest(user, password string) [sha256.Size]byte {
	return sha256.Sum256([]byte(user + ":" + password))
}

// match reports whether the pair is one of the set.
func (c credentials) match(user, password string) bool {
	given := digest(user, password)
	found := 0
	for i := range c {
		found |= subtle.ConstantTimeCompare(c[i][:], given[:])
	}
	return found == 1
}

// authorised reports whether the request's Basic authentication lets it in.
func (c credentials) authorised(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && c.match(user, password)
}

// unauthorised answers a request that is not let in.
func unauthorised(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="spvd"`)
	http.Error(w, "wrong user name or password", http.StatusUnauthorized)
}
