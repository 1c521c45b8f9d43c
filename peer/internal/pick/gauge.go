package pick

import (
	"math"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/conn"
)

// Weights of older measurements against a new one.
const (
	keepRate = 0.9 // of bytes and seconds
	keepSize = 7.0 / 8
)

// minMeasured is the size in bytes from which on a reply measures the rate: smaller ones only
// measure latency.
const minMeasured = 4 << 10

// Gauge measures how fast a peer delivers. It is a plain value without a clock
// of its own.
type Gauge struct {
	bytes, seconds float64   // delivered bytes and the time they took; both fade
	last           time.Time // of the last reply
	pace           float64   // seconds that a block takes beyond the round trip; zero if never measured
}

// mostLatency is the greatest part of the time for a reply that counts as its round trip: the
// round trip that was measured last is not that of every reply.
const mostLatency = 0.9

// Delivered records a reply of so many bytes to a request that was sent at the given time,
// over a connection with this round trip, which is not part of the time for the bytes. While
// several requests are in flight, a reply took the time since the one before it.
func (g *Gauge) Delivered(k conn.Kind, bytes int, rtt time.Duration, sent, now time.Time) {
	took := now.Sub(sent)
	took -= min(rtt, time.Duration(mostLatency*float64(took)))
	if since := now.Sub(g.last); since < took {
		took = since
	}
	g.last = now
	if k == conn.GetBlock {
		if g.pace == 0 {
			g.pace = took.Seconds()
		}
		g.pace += (took.Seconds() - g.pace) / 8
	}
	if bytes < minMeasured {
		return
	}
	g.bytes = g.bytes*keepRate + float64(bytes)
	g.seconds = g.seconds*keepRate + took.Seconds()
}

// Rate returns bytes per second, zero if nothing was measured yet.
func (g *Gauge) Rate() float64 {
	if g.seconds <= 0 {
		return 0
	}
	return g.bytes / g.seconds
}

// Pace returns the seconds that a block takes beyond the round trip, zero if that was
// never measured.
func (g *Gauge) Pace() float64 { return g.pace }

// Sizes estimates the size in bytes of the reply to a request from the replies to earlier
// requests of its kind.
type Sizes [conn.NumKinds]float64

// FirstSizes returns the sizes that are assumed before the first reply: for headers a full
// message.
func FirstSizes() Sizes {
	return Sizes{conn.GetHeaders: wire.MaxBlockHeadersPerMsg * (wire.MaxBlockHeaderPayload + 1), conn.GetCFilters: 64 << 10, conn.GetCFilter: 1 << 10, conn.GetBlock: 64 << 10}
}

func (s *Sizes) Of(k conn.Kind) int { return int(s[k]) }

// Seen records the size of a reply.
func (s *Sizes) Seen(k conn.Kind, bytes int) { s[k] = s[k]*keepSize + float64(bytes)*(1-keepSize) }

// Delays estimates how long the reply to a request usually takes to begin, beyond the round
// trip, in seconds, from the replies to earlier requests of its kind. It is a plain value.
type Delays struct{ mean, off float64 }

// Seen records the delay of one reply; a negative one is ignored.
func (d *Delays) Seen(delay time.Duration) {
	if delay < 0 {
		return
	}
	off := delay.Seconds() - d.mean
	d.mean += off / 8
	d.off += (math.Abs(off) - d.off) / 4
}

// Most returns a delay that few replies exceed.
func (d *Delays) Most() time.Duration {
	return time.Duration((d.mean + 4*d.off) * float64(time.Second))
}
