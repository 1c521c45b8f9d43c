package progress

import (
	"math"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Times of a meter.
const (
	rateWindow = 5 * time.Second        // over which rates are averaged
	rateStep   = 100 * time.Millisecond // shorter steps are measured together
)

// meter measures the rate of one stage as an exponentially weighted average.
// It is a pure value fed with times.
type meter struct {
	last    consensus.Height
	at      time.Time
	rate    float64 // blocks per second
	started bool
}

// update records the height reached at a time and returns the rate.
func (m *meter) update(h consensus.Height, now time.Time) float64 {
	if !m.started || h < m.last {
		*m = meter{last: h, at: now, started: true}
		return 0
	}
	if now.Sub(m.at) < rateStep {
		return m.rate
	}
	elapsed := now.Sub(m.at).Seconds()
	current := float64(h-m.last) / elapsed
	weight := 1 - math.Exp(-elapsed/rateWindow.Seconds())
	if m.rate == 0 {
		weight = 1
	}
	m.rate += weight * (current - m.rate)
	if m.rate < 0.01 {
		m.rate = 0
	}
	m.last, m.at = h, now
	return m.rate
}
