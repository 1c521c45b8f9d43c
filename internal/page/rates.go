package page

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

const (
	// samplePace is the time between two samples of the line of rates.
	samplePace = 5 * time.Second

	// mostSamples is how many samples the line has: ten minutes.
	mostSamples = 120
)

// The size of the drawing of a line of rates, in its own units.
const (
	lineWidth  = 600
	lineHeight = 48
)

// rates are the numbers of bytes per second that peers have sent, oldest first. The zero value is
// ready, and safe for concurrent use.
type rates struct {
	mu    sync.Mutex
	at    time.Time // of the last sample
	total uint64    // bytes up to then
	list  []float64
}

// add notes how many bytes have come up to a moment.
func (r *rates) add(now time.Time, total uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := now.Sub(r.at); !r.at.IsZero() && passed > 0 {
		r.list = append(r.list, float64(total-r.total)/passed.Seconds())
		r.list = r.list[max(0, len(r.list)-mostSamples):]
	}
	r.at, r.total = now, total
}

// line returns the drawing of the rates, nil until there are two.
func (r *rates) line() *rateLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) < 2 {
		return nil
	}
	most := 1.0
	for _, rate := range r.list {
		most = max(most, rate)
	}
	var points strings.Builder
	for i, rate := range r.list {
		x := lineWidth * float64(i) / float64(len(r.list)-1)
		fmt.Fprintf(&points, "%.0f,%.1f ", x, 1+(lineHeight-2)*(1-rate/most))
	}
	return &rateLine{
		Points: strings.TrimSpace(points.String()), Now: int64(r.list[len(r.list)-1]), Most: int64(most),
		Seconds: int64(len(r.list)) * int64(samplePace/time.Second),
	}
}

// rateLine is the line of rates as the template draws it.
type rateLine struct {
	Points    string // of a polyline
	Now, Most int64  // bytes per second
	Seconds   int64  // how long ago it begins
}

// Width returns the width of the drawing.
func (*rateLine) Width() int { return lineWidth }

// Height returns the height of the drawing.
func (*rateLine) Height() int { return lineHeight }

// sampleRates samples what peers send until ctx ends.
func (s *Server) sampleRates(ctx context.Context) {
	for {
		received, _ := s.cfg.Pool.BytesTotal()
		s.rates.add(time.Now(), received)
		if wait.For(ctx, samplePace) != nil {
			return
		}
	}
}
