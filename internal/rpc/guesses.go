package rpc

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// freeGuesses is how many wrong passwords an address may send in a row: more
	// than a person needs.
	freeGuesses = 10

	// guessEvery is the time in which it may send one more after that: 17,280 a day.
	guessEvery = 5 * time.Second

	// mostGuessers is how many addresses are told apart. Further ones share one
	// count.
	mostGuessers = 1024
)

// source is where guesses come from: an IPv4 address, or the network of an IPv6
// address, of which one machine can have them all. The zero value stands for all
// that are not told apart.
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
	network, _ := addr.Prefix(bits) // an address has so many
	return network
}

// guesses counts the wrong passwords of each source. A count falls by one in
// guessEvery; the table holds those that are not zero. The zero value is ready.
type guesses struct {
	mu    sync.Mutex
	until map[source]time.Time // when the count will be zero
}

// judge returns nil for a right password, errStranger for a wrong one, which it
// counts, and errGuessing for either from a source that has sent too many.
func (g *guesses) judge(from source, now time.Time, right bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, known := g.until[from]
	if !known && len(g.until) >= mostGuessers {
		g.forget(now)
		if len(g.until) >= mostGuessers {
			from = source{}
			until = g.until[from]
		}
	}
	switch {
	case until.Sub(now) > (freeGuesses-1)*guessEvery:
		return errGuessing
	case right:
		return nil
	}
	if until.Before(now) {
		until = now
	}
	if g.until == nil {
		g.until = make(map[source]time.Time)
	}
	g.until[from] = until.Add(guessEvery)
	return errStranger
}

// forget drops the counts that have become zero.
func (g *guesses) forget(now time.Time) {
	for from, until := range g.until {
		if !until.After(now) {
			delete(g.until, from)
		}
	}
}
