package conn

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/fault"
)

// maxPongs is how many pong timeouts a peer may take for one pong while other bytes do
// arrive: a pong waits behind the replies to earlier requests.
const maxPongs = 10

// keepalive decides when a connection is pinged and when it is dead. It is a
// plain value without a clock of its own.
type keepalive struct {
	every   time.Duration // without a message in one direction before a ping
	timeout time.Duration // until a pong arrives, or any byte

	doubted time.Time     // since when a byte is waited for, see doubt; zero if none is
	within  time.Duration // how long
	before  uint64        // how many had been received by then

	nonce uint64    // of the ping that awaits its pong
	sent  time.Time // when the ping was sent; zero if no pong is awaited
	rtt   time.Duration
}

// verdict is the next action of the caller of keepalive.
type verdict uint8

const (
	allWell verdict = iota
	sendPing
	giveUp
)

// judge returns the next action and the time until judge is to be called again. In and out are the
// moments at which bytes were last received and sent. A dcrd node drops a peer from which it has
// received no message for 120 seconds.
func (k *keepalive) judge(now, in, out time.Time) (verdict, time.Duration) {
	if !k.doubted.IsZero() {
		left := k.doubted.Add(k.within).Sub(now)
		switch {
		case left <= 0:
			return giveUp, 0
		case k.sent.IsZero():
			return sendPing, left
		}
		return allWell, left
	}
	if !k.sent.IsZero() {
		quiet := k.sent
		if in.After(quiet) {
			quiet = in
		}
		left := min(quiet.Add(k.timeout).Sub(now), k.sent.Add(maxPongs*k.timeout).Sub(now))
		if left <= 0 {
			return giveUp, 0
		}
		return allWell, left
	}
	last := in
	if out.Before(in) {
		last = out
	}
	if left := last.Add(k.every).Sub(now); left > 0 {
		return allWell, left
	}
	return sendPing, k.timeout
}

// doubt makes the connection count as dead unless another byte than those received so far
// arrives within a time.
func (k *keepalive) doubt(received uint64, now time.Time, within time.Duration) {
	k.doubted, k.within, k.before = now, within, received
}

// heard ends the doubt if a byte has arrived since.
func (k *keepalive) heard(received uint64) {
	if received > k.before {
		k.doubted = time.Time{}
	}
}

// pinged records that a ping was sent.
func (k *keepalive) pinged(nonce uint64, now time.Time) { k.nonce, k.sent = nonce, now }

// ponged records a pong. One that answers no ping is ignored.
func (k *keepalive) ponged(nonce uint64, now time.Time) {
	if !k.sent.IsZero() && nonce == k.nonce {
		k.rtt = now.Sub(k.sent)
		k.sent = time.Time{}
	}
}

// waiting returns for how long a pong has been awaited, zero if none is.
func (k *keepalive) waiting(now time.Time) time.Duration {
	if k.sent.IsZero() {
		return 0
	}
	return now.Sub(k.sent)
}

// Ping sends a ping unless one is unanswered.
func (c *Conn) Ping(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.Live() || !c.alive.sent.IsZero() {
		return
	}
	nonce := c.cfg.Rand()
	c.alive.pinged(nonce, now)
	if err := c.out.put(wire.NewMsgPing(nonce)); err != nil {
		c.End(err)
	}
}

// Doubt sends a ping, and ends the connection unless a byte arrives within a time.
func (c *Conn) Doubt(within time.Duration) {
	c.mu.Lock()
	c.alive.doubt(c.nc.own.in.Load(), time.Now(), within)
	c.mu.Unlock()
	select {
	case c.doubted <- struct{}{}:
	default: // the goroutine that pings was poked already
	}
}

// checkAlive sends a ping if one is due, and returns when to check again. Its error means
// that the peer is gone.
func (c *Conn) checkAlive(now time.Time) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alive.heard(c.nc.own.in.Load())
	what, next := c.alive.judge(now, c.nc.received(), c.nc.written())
	switch what {
	case giveUp:
		return 0, fault.New(fault.Idle, fmt.Errorf("since %v", now.Sub(c.nc.received()).Round(time.Second)))
	case sendPing:
		nonce := c.cfg.Rand()
		c.alive.pinged(nonce, now)
		return next, c.out.put(wire.NewMsgPing(nonce))
	}
	return next, nil
}

// keepAlive sends pings when they are due, and returns an error when the peer does not answer.
func (c *Conn) keepAlive() error {
	timer := wait.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-c.ended:
			return nil
		case <-c.doubted:
		case <-timer.C():
		}
		next, err := c.checkAlive(time.Now())
		if err != nil {
			return err
		}
		timer.Reset(next)
	}
}
