package rpc

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// freeAttempts is how many wrong passwords an address may send in a row: more
	// than a person needs.
	freeAttempts = 10

	// attemptEvery is the time until one more is allowed after that: 17,280 a day.
	attemptEvery = 5 * time.Second

	// mostSources is how many addresses have a count of their own. Further ones
	// share one.
	mostSources = 1024
)

// source is an origin of wrong passwords: an IPv4 address, or the /64 network of an IPv6
// address, because one machine can have all of its addresses. The zero value stands for all
// addresses without a count of their own.
type source = netip.Prefix

// sourceOf returns the source of a remote address.
func sourceOf(remote string) source {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return source{}
	}
	addr := at.Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits) // an address has at least so many bits
	return network
}

// authThrottle counts the wrong passwords of each source. A count falls by one in
// attemptEvery; the table holds those that are not zero. The zero value is ready.
type authThrottle struct {
	mu    sync.Mutex
	until map[source]time.Time // when the count will be zero
}

// judge returns nil for a right password, errCredentials for a wrong one, which it counts,
// and errThrottled for either if the source has sent too many wrong ones.
func (g *authThrottle) judge(from source, now time.Time, right bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, known := g.until[from]
	if !known && len(g.until) >= mostSources {
		g.forgetLocked(now)
		if len(g.until) >= mostSources {
			from = source{}
			until = g.until[from]
		}
	}
	switch {
	case until.Sub(now) > (freeAttempts-1)*attemptEvery:
		return errThrottled
	case right:
		return nil
	}
	if until.Before(now) {
		until = now
	}
	if g.until == nil {
		g.until = make(map[source]time.Time)
	}
	g.until[from] = until.Add(attemptEvery)
	return errCredentials
}

// blocks reports whether judge would return errThrottled for a source.
func (g *authThrottle) blocks(from source, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, known := g.until[from]
	if !known && len(g.until) >= mostSources {
		until = g.until[source{}]
	}
	return until.Sub(now) > (freeAttempts-1)*attemptEvery
}

// forgetLocked drops the counts that have become zero.
func (g *authThrottle) forgetLocked(now time.Time) {
	for from, until := range g.until {
		if !until.After(now) {
			delete(g.until, from)
		}
	}
}
