package serve

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// source is what one host, or one /64 network of IPv6, has used of its limits.
type source struct {
	name    string
	conns   int
	waiting int // blocks and transactions of getdata

	dials, bytes, blocks, txs, work budget
}

// sources are the limits of all clients. Any goroutine may call its methods; none waits.
type sources struct {
	limits limits

	mu    sync.Mutex // guards what follows, held for a moment
	all   map[string]*source
	conns int
	busy  bool
	work  budget
}

// workBurst is how many seconds of a processor may be used at once, of the share that is given.
const workBurst = 0.25

func newSources(l limits) *sources {
	return &sources{limits: l, all: make(map[string]*source), work: full(workBurst, time.Now())}
}

// sourceOf returns the name under which an address is counted: the host, of IPv6 its network of
// 64 bits.
func sourceOf(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	ip, err := parseHost(host)
	if err != nil {
		return host
	}
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// parseHost parses an IP address. It is one of IPv4 also if it was written as one of IPv6, and has
// no zone.
func parseHost(host string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(host)
	return ip.Unmap().WithZone(""), err
}

// admit counts a new connection. It returns nil, and a reason for the log, if there is no room.
func (s *sources) admit(name string, now time.Time) (src *source, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src = s.ofLocked(name, now)
	if src == nil {
		return nil, "too many hosts connect"
	}
	l := &s.limits
	switch {
	case !src.dials.has(1, l.dials, l.dialRate, now):
		return nil, "the host connects too often"
	case src.conns >= l.sourceConns:
		return nil, "the host has too many connections"
	case s.conns >= l.conns:
		return nil, "there are too many clients"
	}
	src.dials.take(1, l.dials, l.dialRate, now)
	src.conns++
	s.conns++
	return src, ""
}

// ofLocked returns the source of a name, or nil if there are too many to remember another.
func (s *sources) ofLocked(name string, now time.Time) *source {
	if src := s.all[name]; src != nil {
		return src
	}
	if len(s.all) >= maxSources {
		for other, src := range s.all {
			s.forgetLocked(other, src, now)
		}
		if len(s.all) >= maxSources {
			return nil
		}
	}
	l := &s.limits
	src := &source{
		name: name, dials: full(l.dials, now), bytes: full(l.bytes, now), blocks: full(l.blocks, now),
		txs: full(l.txs, now), work: full(workBurst, now),
	}
	s.all[name] = src
	return src
}

// forgetLocked forgets a source that has no connection and has used nothing lately.
func (s *sources) forgetLocked(name string, src *source, now time.Time) {
	l := &s.limits
	fresh := src.dials.refill(l.dials, l.dialRate, now)
	fresh = src.bytes.refill(l.bytes, l.byteRate, now) && fresh
	fresh = src.blocks.refill(l.blocks, l.blockRate, now) && fresh
	fresh = src.txs.refill(l.txs, l.txRate, now) && fresh
	if fresh && src.conns == 0 {
		delete(s.all, name)
	}
}

// leave counts the end of a connection.
func (s *sources) leave(src *source, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src.conns--
	s.conns--
	s.forgetLocked(src.name, src, now)
}

// setBusy says whether the sync has work to do.
func (s *sources) setBusy(busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = busy
}

// useBytes counts bytes, and returns how long to wait before they are sent, or after they were
// received.
func (s *sources) useBytes(src *source, n int, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return src.bytes.take(float64(n), s.limits.bytes, s.limits.byteRate, now)
}

// useWork counts time of a processor, and returns how long to wait after it was used.
func (s *sources) useWork(src *source, used time.Duration, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	share := s.limits.share
	if s.busy {
		share = s.limits.busyShare
	}
	return max(
		s.work.take(used.Seconds(), workBurst*share, share, now),
		src.work.take(used.Seconds(), workBurst*share, share/2, now))
}

// useBlock counts a block that is fetched, and returns how long to wait before that.
func (s *sources) useBlock(src *source, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return src.blocks.take(1, s.limits.blocks, s.limits.blockRate, now)
}

// returnBlock takes back the last useBlock: the block was not fetched.
func (s *sources) returnBlock(src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src.blocks.left++
}

// useTxs counts transactions that a source announces, and returns how many of them may be
// requested.
func (s *sources) useTxs(src *source, n int, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.limits
	src.txs.refill(l.txs, l.txRate, now)
	n = min(n, max(0, int(src.txs.left)))
	src.txs.take(float64(n), l.txs, l.txRate, now)
	return n
}

// queue counts items of getdata that wait, or that were served if n is negative. It reports
// whether the source is within its limit.
func (s *sources) queue(src *source, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	src.waiting += n
	return src.waiting <= s.limits.waiting
}

// useAccept counts the time that a new connection took, and returns how long to wait before the
// next one is accepted.
func (s *sources) useAccept(used time.Duration, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	share := s.limits.share
	if s.busy {
		share = s.limits.busyShare
	}
	return s.work.take(used.Seconds(), workBurst*share, share, now)
}
