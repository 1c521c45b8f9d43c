package rpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/password"
	"github.com/spvd/spvd/internal/rpc/method"
)

// Reasons for which a client is refused, in its words.
var (
	errCredentials = errors.New("wrong user name or password")
	errThrottled   = error(throttled{})
)

// throttled is the error after too many wrong passwords.
type throttled struct{}

// Error implements error.
func (throttled) Error() string {
	return "too many wrong passwords from this address: wait some seconds"
}

// RetryAfter returns the time after which one more password is judged.
func (throttled) RetryAfter() time.Duration { return attemptEvery }

// access is the set of calls that a client may make.
type access uint8

const (
	noAccess   access = iota
	readAccess        // call the methods that only read
	fullAccess
)

// grant is what a client may do.
type grant struct {
	access access

	// wallets are the names of the only wallets it may use; nil means all, and the daemon too.
	wallets []string
}

// isRestricted reports whether a client may not make all calls.
func (g grant) isRestricted() bool { return g.access != fullAccess || g.wallets != nil }

// caller returns the client of a request as methods see it. A client that may use some wallets only
// and names none uses the first of them.
func (g grant) caller(wallet string) method.Caller {
	if wallet == "" && len(g.wallets) > 0 {
		wallet = g.wallets[0]
	}
	return method.Caller{ReadOnly: g.access != fullAccess, Wallet: orDefault(wallet), Wallets: g.wallets}
}

// credentials are the accepted name and password pairs. Passwords are kept as digests of equal
// length, so that comparing takes the same time whatever a client sends, or as the hashes of the
// configuration.
type credentials []credential

// credential is one pair and what it grants.
type credential struct {
	digest [sha256.Size]byte
	opens  grant

	// random is true for a secret that cannot be guessed: a client that knows it
	// is not throttled because of wrong passwords from the same address.
	random bool

	// user and hash are set instead of the digest if the configuration has a hash, see package
	// password.
	user, hash string
}

// newCredential returns the credential of a pair, whose password may be a hash. Names hold no colon.
func newCredential(user, secret string, opens grant) credential {
	if is, _ := password.IsHash(secret); is {
		return credential{user: user, hash: secret, opens: opens}
	}
	return credential{digest: digestOf(user, secret), opens: opens}
}

// digestOf returns the digest of a pair.
func digestOf(user, secret string) [sha256.Size]byte {
	return sha256.Sum256([]byte(user + ":" + secret))
}

// match returns the credential with a digest, nil if there is none.
func (c credentials) match(digest [sha256.Size]byte) (found *credential) {
	for i := range c {
		if c[i].hash == "" && subtle.ConstantTimeCompare(c[i].digest[:], digest[:]) == 1 {
			found = &c[i]
		}
	}
	return found
}

// hashed returns the credential of a user whose password is known as a hash, nil if there is none.
func (c credentials) hashed(user string) *credential {
	for i := range c {
		if c[i].hash != "" && c[i].user == user {
			return &c[i]
		}
	}
	return nil
}

// authenticator decides the access of clients.
type authenticator struct {
	credentials credentials
	throttle    authThrottle

	// one is held while a password is compared with a hash, which takes a processor some tenths of
	// a second.
	one slots

	mu     sync.Mutex
	proven map[[sha256.Size]byte]*credential // pairs that were found right, by digest
}

// authenticate returns what a request may do: by the client certificate of its connection,
// which the TLS configuration has verified, or by its Basic authentication. Without either it
// returns errCredentials.
func (a *authenticator) authenticate(r *http.Request) (grant, error) {
	if certified(r) {
		return grant{access: fullAccess}, nil
	}
	user, secret, ok := r.BasicAuth()
	if !ok {
		return grant{}, errCredentials
	}
	return a.authenticatePair(r.Context(), r.RemoteAddr, user, secret)
}

// authenticatePair returns what a name and password grant, or errCredentials. After many
// wrong pairs from an address it returns errThrottled for a while, whatever the password,
// except for the cookie's.
func (a *authenticator) authenticatePair(ctx context.Context, address, user, secret string) (grant, error) {
	from, digest := sourceOf(address), digestOf(user, secret)
	found := a.credentials.match(digest)
	if found != nil && found.random {
		return found.opens, nil
	}
	if found == nil {
		var err error
		if found, err = a.compare(ctx, from, user, secret, digest); err != nil {
			return grant{}, err
		}
	}
	if err := a.throttle.judge(from, time.Now(), found != nil); err != nil {
		return grant{}, err
	}
	return found.opens, nil
}

// compare returns the credential of a pair whose password is known as a hash, nil if it is wrong.
// Pairs that were found right before are compared at once. The error is errThrottled, before
// anything is computed, or that of ctx.
func (a *authenticator) compare(ctx context.Context, from source, user, secret string, digest [sha256.Size]byte) (*credential, error) {
	known := a.credentials.hashed(user)
	if known == nil {
		return nil, nil
	}
	if before := a.provenBefore(digest); before != nil {
		return before, nil
	}
	if a.throttle.blocks(from, time.Now()) {
		return nil, errThrottled
	}
	select {
	case a.one <- struct{}{}:
		defer a.one.free()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if before := a.provenBefore(digest); before != nil { // meanwhile
		return before, nil
	}
	if a.throttle.blocks(from, time.Now()) {
		return nil, errThrottled
	}
	if !password.Matches(known.hash, secret) {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proven[digest] = known // at most one for each user
	return known, nil
}

// provenBefore returns the credential of a pair that was found right, nil if it was not.
func (a *authenticator) provenBefore(digest [sha256.Size]byte) *credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.proven[digest]
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
