package spv

import (
	"math"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// Times of a meter.
const (
	rateWindow = 5 * time.Second        // over which rates are averaged
	rateStep   = 100 * time.Millisecond // shorter steps are measured together
)

// meter measures the rate of one stage as an exponentially weighted average.
// It is a pure value fed with times.
type meter struct {
	last    chain.Height
	at      time.Time
	rate    float64 // blocks per second
	started bool
}

// update takes the height reached at a time and returns the rate.
func (m *meter) update(h chain.Height, now time.Time) float64 {
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

// progressOf describes a stage. The target is never below the current height.
func progressOf(current, target chain.Height, rate float64) Progress {
	p := Progress{Current: current, Target: max(current, target), Rate: rate}
	if !p.Done() && rate > 0 {
		p.ETA = time.Duration(float64(p.Target-current) / rate * float64(time.Second))
	}
	return p
}

// Weights of the stages in the overall ratio, by the bytes each of them moves
// for a block: 180 of header, about 200 of filter, and for the rescan the share
// of the time that matching takes.
const (
	headersWeight = 0.45
	filtersWeight = 0.50
	rescanWeight  = 0.05
)

// overall returns the ratio over all stages, below 1 however far they are:
// only being synced makes it 1.
func overall(headers, filters, rescan Progress) float64 {
	const almost = 0.9999
	r := headersWeight*share(headers) + filtersWeight*share(filters) + rescanWeight*share(rescan)
	return min(r, almost)
}

// share returns how much of a stage is done, 0 to 1.
func share(p Progress) float64 {
	if p.Target <= 0 {
		return 0
	}
	return float64(p.Current) / float64(p.Target)
}
