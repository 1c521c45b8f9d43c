package progress

import (
	"math"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Sample is where a sync stands at one time.
type Sample struct {
	Headers, Filters consensus.Height // the newest ones that are verified
	Scanned          consensus.Height // the last block that the wallet was searched for in
	Target           consensus.Height // the last block that all stages have to reach

	Watching  bool // there is a wallet to scan for; without one Scanned counts for nothing
	Connected bool // at least one peer is
	Synced    bool // nothing is left to do

	// Fetching says that headers and filters are fetched, Scanning that the rest is scanned.
	// Only the times of these phases tell what a block costs.
	Fetching, Scanning bool

	// Least is a ratio that a reader has been shown for this state: the result is no smaller.
	Least float64
}

// Reading is what a tracker makes of its samples.
type Reading struct {
	Headers, Filters, Rescan float64 // rates in blocks per second, zero while nothing comes

	// Ratio is the share of the work that is done, 0 to 1: 1 exactly when synced. Losing that
	// is the only way for it to fall.
	Ratio float64

	// Left is the time until all stages are done; zero if synced or not known.
	Left time.Duration
}

// Tracker measures the progress of one run. The zero value is ready for use.
type Tracker struct {
	headers, filters, rescan meter

	cost  cost
	ratio float64
	from  positions // at the last sample that counted
	at    time.Time // of the last sample; zero before the first
}

// ReceivedFilters records the size of filters that were received, in bytes, and their number.
func (t *Tracker) ReceivedFilters(bytes, filters int) { t.cost.receivedFilters(bytes, filters) }

// ScanFor records for how many scripts the chain is scanned from now on.
func (t *Tracker) ScanFor(scripts int) { t.cost.scripts = scripts }

// Measure returns the progress with a sample taken now.
func (t *Tracker) Measure(s Sample, now time.Time) Reading {
	r := Reading{Headers: t.headers.update(s.Headers, now), Filters: t.filters.update(s.Filters, now)}
	to := positions{s.Headers, s.Filters, s.Scanned}
	if s.Watching {
		r.Rescan = t.rescan.update(s.Scanned, now)
	} else {
		to.rescan = math.MaxInt32
	}
	t.spend(s, to, now)
	t.advance(s, to)
	if !s.Synced && s.Connected {
		r.Left = t.cost.left(to, s.Target, t.headers.rate, t.filters.rate, t.rescan.rate)
	}
	t.ratio = max(t.ratio, s.Least)
	r.Ratio = t.ratio
	return r
}

// spend records the time since the last sample as the cost of what was done in it.
func (t *Tracker) spend(s Sample, to positions, now time.Time) {
	switch {
	case t.at.IsZero():
		t.from = to
	case !s.Connected:
	case s.Fetching:
		t.cost.fetching += now.Sub(t.at)
		t.cost.receivedHeaders(to.headers - t.from.headers)
	case s.Scanning && t.cost.scripts > 0:
		t.cost.scanned(now.Sub(t.at), to.rescan-t.from.rescan)
	}
	t.at = now
}

// advance makes the ratio follow a step to some positions. It never falls until the sync is
// complete; losing that starts it again. While no peer is connected it is not known how much
// is left, so the step counts later.
func (t *Tracker) advance(s Sample, to positions) {
	switch {
	case s.Synced:
		t.ratio = 1
	case t.ratio == 1:
		t.ratio = t.cost.lost(to, s.Target)
	case !s.Connected:
		return
	default:
		t.ratio = t.cost.advance(t.ratio, t.from, to, s.Target)
	}
	t.from = to
}
