package link

import (
	"math/rand/v2"
	"time"
)

// Shape describes a line. The zero value is a perfect one.
type Shape struct {
	// Latency is how long a byte takes in one direction.
	Latency time.Duration

	// Jitter is how much longer it takes at most. Bytes stay in order.
	Jitter time.Duration

	// Bandwidth is the number of bytes that pass per second in each
	// direction; zero means any number.
	Bandwidth int

	// CutAfter is the number of bytes, on average, after which the connection
	// breaks; zero means never.
	CutAfter int
}

// Perfect reports whether the shape does nothing to a connection.
func (s Shape) Perfect() bool { return s == Shape{} }

// roomy is how many bytes a direction holds when only latency limits it: more than a gigabit
// line of a tenth of a second needs.
const roomy = 16 << 20

// room returns how many bytes a direction holds: those in transit at full rate, and a socket
// buffer.
func (s Shape) room() int {
	if s.Bandwidth == 0 {
		return roomy
	}
	underWay := int64(s.Bandwidth) * int64(s.Latency+s.Jitter) / int64(time.Second)
	return min(roomy, int(underWay)+64<<10)
}

// parcel returns how many bytes arrive at once.
func (s Shape) parcel() int {
	if s.Bandwidth == 0 {
		return parcelSize
	}
	return min(parcelSize, max(packetSize, s.Bandwidth/50))
}

// pace stamps the bytes of one direction with the time they arrive.
type pace struct {
	shape Shape
	rand  *rand.Rand
	busy  time.Time // when the line is free again
	last  time.Time // when the newest byte arrives
	left  int       // bytes until the cut; unused if never
}

func newPace(s Shape, r *rand.Rand) *pace {
	p := &pace{shape: s, rand: r}
	if s.CutAfter > 0 {
		p.left = int(r.ExpFloat64() * float64(s.CutAfter))
	}
	return p
}

// stamp returns when n bytes sent now arrive, and whether the line is cut
// before.
func (p *pace) stamp(now time.Time, n int) (due time.Time, cut bool) {
	if p.busy.Before(now) {
		p.busy = now
	}
	if p.shape.Bandwidth > 0 {
		p.busy = p.busy.Add(time.Duration(int64(n) * int64(time.Second) / int64(p.shape.Bandwidth)))
	}
	due = p.busy.Add(p.shape.Latency)
	if p.shape.Jitter > 0 {
		due = due.Add(time.Duration(p.rand.Int64N(int64(p.shape.Jitter))))
	}
	if due.Before(p.last) {
		due = p.last
	}
	p.last = due
	p.left -= n
	return due, p.shape.CutAfter > 0 && p.left < 0
}
