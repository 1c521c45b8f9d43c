package spv

import (
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/progress"
)

// showEvery is how often progress is shown while nothing else changes.
const showEvery = 200 * time.Millisecond

// display makes the status from facts, and shows it to the readers of the board. Only the
// goroutine of the run touches it.
type display struct {
	deps     displayDeps
	status   Status // the next one to show
	progress progress.Tracker
	shownAt  time.Time // when the status was last shown
	doubt    string    // why other peers are looked for; empty if they are not
	gate     gate
	ready    bool              // as the log says
	logged   consensus.BlockID // the tip that the log last named
}

// displayDeps are what a display needs.
type displayDeps struct {
	board  *statusBoard
	seek   func(doubt string) // has the pool look for other peers while the doubt is not empty
	synced func()             // is called each time the status has become synced
	log    *slog.Logger
}

// newDisplay returns the display of a run.
func newDisplay(deps displayDeps) *display { return &display{deps: deps} }

// show shows the status as it follows from the facts, if it differs from the one that is shown.
func (d *display) show(f facts, now time.Time) {
	st := &d.status
	was := *d.deps.board.status()
	st.Reason, st.Hint = f.reason()
	st.Best, st.BestPeers = f.best, f.claims
	st.Peers = f.peers
	if f.open {
		st.Tip, st.TipTime = f.tip, f.tipTime
		d.showStages(f, d.shownRatio(was), now)
	}
	st.Synced = f.synced()
	st.Ready = d.gate.pass(f, now)
	st.FirstSyncDone = st.FirstSyncDone || st.Synced
	d.dropPast(now)
	st.Seq = was.Seq
	d.shownAt = now
	d.seek(f.doubt())
	if reflect.DeepEqual(*st, was) {
		return
	}
	d.deps.board.show(*st)
	if st.Synced && !was.Synced {
		d.deps.synced()
	}
	d.logSync()
}

// seek passes a doubt on to the pool when it begins, changes or ends.
func (d *display) seek(doubt string) {
	if doubt != d.doubt {
		d.doubt = doubt
		d.deps.seek(doubt)
	}
}

// shownRatio returns the ratio that a reader was shown when it found out that being synced is
// lost, see current; zero if none did.
func (d *display) shownRatio(was Status) float64 {
	if d.status.Ratio == 1 && !was.Synced {
		return was.Ratio
	}
	return 0
}

// showStages fills in the progress of the stages and of all of them, which is at least a
// ratio. Their target is what peers claim, until the claims are found to be empty.
func (d *display) showStages(f facts, least float64, now time.Time) {
	target := max(f.staged, f.best)
	if f.synced() {
		target = f.staged
	}
	m := d.progress.Measure(progress.Sample{
		Headers: f.staged, Filters: f.filtersDone(target), Scanned: f.scanned.Height, Target: target,
		Watching: f.watching, Connected: f.peers > 0 || f.phase == Importing, Synced: f.synced(),
		Fetching: f.phase == CatchingUp || f.phase == Importing, Scanning: f.phase == Rescanning, Least: least,
	}, now)
	st := &d.status
	st.Headers = progressOf(f.staged, target, m.Headers)
	st.Filters = progressOf(f.filters.Height, target, m.Filters)
	if st.Floor, st.Backfill = f.floor, f.above.Any(); st.Backfill {
		st.Filters = progressOf(f.filters.Height, f.above.First-1, m.Filters)
	}
	st.Rescan = progressOf(f.scanned.Height, target, m.Rescan)
	st.Ratio, st.ETA = m.Ratio, m.Left
}

// filtersDone returns a target less the number of filters that are missing for it.
func (f facts) filtersDone(target consensus.Height) consensus.Height {
	if f.above.Any() {
		return f.filters.Height + f.above.Last.Height - f.above.First + 1
	}
	return max(f.filters.Height, min(f.wanted-1, target))
}

// logSync logs when the gate Synced opens and closes, and which blocks come while it is open.
func (d *display) logSync() {
	st := &d.status
	switch {
	case st.Synced && !d.ready:
		d.ready, d.logged = true, st.Tip
		d.deps.log.Info("Synced at height "+heightString(st.Tip.Height), "hash", st.Tip.Hash, "peers", st.Peers)
	case st.Synced && st.Tip != d.logged:
		d.logged = st.Tip
		d.deps.log.Info("New block", "height", st.Tip.Height, "hash", st.Tip.Hash)
	case !st.Ready && d.ready:
		d.ready = false
		d.deps.log.Info("No longer synced", "height", st.Tip.Height, "reason", st.Reason)
	}
}

// heightString formats a height as logs have it, without separators.
func heightString(h consensus.Height) string { return strconv.Itoa(int(h)) }

// warn adds a warning to the status, or renews it.
func (d *display) warn(code, text, hint string) {
	w := Warning{Code: code, Text: text, Hint: hint, Since: time.Now()}
	d.unwarn(code)
	d.status.Warnings = append(slices.Clip(d.status.Warnings), w)
}

// warnOnce logs a warning and adds it to the status, unless the status has it with this text.
func (d *display) warnOnce(code, text, hint string) {
	if !d.warned(code, text) {
		d.deps.log.Warn(text)
		d.warn(code, text, hint)
	}
}

// unwarn removes a warning from the status. The list is replaced, never changed: shown statuses
// share it.
func (d *display) unwarn(code string) {
	if !d.warned(code) {
		return
	}
	var kept []Warning
	for _, w := range d.status.Warnings {
		if w.Code != code {
			kept = append(kept, w)
		}
	}
	d.status.Warnings = kept
}

// warned reports whether the status has a warning, with the given text if there is one.
func (d *display) warned(code string, text ...string) bool {
	return slices.ContainsFunc(d.status.Warnings, func(w Warning) bool {
		return w.Code == code && (len(text) == 0 || w.Text == text[0])
	})
}
