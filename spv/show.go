package spv

import (
	"reflect"
	"strconv"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/progress"
)

// showEvery is how often progress is shown while nothing else changes.
const showEvery = 200 * time.Millisecond

// facts gathers what the truth follows from.
func (l *loop) facts() facts {
	h := l.headers.Facts()
	f := facts{
		phase: l.status.Phase, pausing: l.pausing, peers: h.Peers, shown: h.Shown, fetchingTail: h.Tail, mute: h.Mute,
		missing: l.filters.Delay(), best: h.Best, claims: h.Claim, gathering: h.Gathering, awaited: h.Awaited,
		more: h.More, unanswered: h.Unanswered, answered: h.Answered,
	}
	if l.store == nil {
		return f
	}
	state := l.store.State()
	f.staged = l.store.Staged().Tip.Height
	f.tip, f.filters = state.Tip, state.Filters
	f.scanned, f.watching = l.scan.Position()
	f.enough = state.EnoughWork
	f.pinned = l.pinned(h)
	f.unvoted = l.unvoted()
	f.tipAge = l.cfg.Now().Sub(state.TipTime)
	f.stale = l.tipsAge() && f.tipAge > staleIntervals*l.cfg.Params.ChainParams.TargetTimePerBlock
	f.interval = l.cfg.Params.ChainParams.TargetTimePerBlock
	f.overdue = l.tipsAge() && f.tipAge > overdueIntervals*l.cfg.Params.ChainParams.TargetTimePerBlock
	return f
}

// tipsAge reports whether an old tip means that something is wrong. On networks
// where blocks are mined at will it does not.
func (l *loop) tipsAge() bool {
	net := l.cfg.Params.ChainParams.Net
	return net == wire.MainNet || net == wire.TestNet3
}

// show shows the status as it follows from the facts, at once, if it differs
// from the one that is shown.
func (l *loop) show() {
	l.takeVotes()
	l.takeNotices()
	f, now := l.facts(), time.Now()
	st := &l.status
	was := *l.syncer.statusBoard.status()
	st.Reason, st.Hint = f.reason()
	st.Best, st.BestPeers = f.best, f.claims
	st.Peers = f.peers
	if l.store != nil {
		st.Tip, st.TipTime = f.tip, l.store.State().TipTime
		l.showStages(f, l.shownRatio(was), now)
	}
	st.Synced = f.synced()
	l.headers.ShownSynced(st.Synced)
	st.FirstSyncDone = st.FirstSyncDone || st.Synced
	st.Seq = was.Seq
	l.shownAt = now
	l.seek(f.doubt())
	if reflect.DeepEqual(*st, was) {
		return
	}
	l.syncer.statusBoard.show(*st)
	if w, ok := l.cfg.Wallet.(Notified); ok && st.Synced && !was.Synced {
		w.Synced()
	}
	l.logSync()
}

// seek tells the pool of a doubt when it begins, changes or ends.
func (l *loop) seek(doubt string) {
	if doubt != l.doubt {
		l.doubt = doubt
		l.cfg.Peers.Seek(doubt)
	}
}

// shownRatio returns the ratio that a reader was shown when it found out that being synced is
// lost, see current; zero if none did.
func (l *loop) shownRatio(was Status) float64 {
	if l.status.Ratio == 1 && !was.Synced {
		return was.Ratio
	}
	return 0
}

// showStages fills in the progress of the stages and of all of them, which is at least a
// ratio. Their target is what peers claim, until the claims are found to be empty.
func (l *loop) showStages(f facts, least float64, now time.Time) {
	target := max(f.staged, f.best)
	if f.synced() {
		target = f.staged
	}
	m := l.progress.Measure(progress.Sample{
		Headers: f.staged, Filters: f.filters.Height, Scanned: f.scanned.Height, Target: target,
		Watching: f.watching, Connected: f.peers > 0, Synced: f.synced(),
		Fetching: f.phase == CatchingUp, Scanning: f.phase == Rescanning, Least: least,
	}, now)
	st := &l.status
	st.Headers = progressOf(f.staged, target, m.Headers)
	st.Filters = progressOf(f.filters.Height, target, m.Filters)
	st.Rescan = progressOf(f.scanned.Height, target, m.Rescan)
	st.Ratio, st.ETA = m.Ratio, m.Left
}

// showProgress shows the status at once when following has reached another
// block or is no longer synced, and else when it is time to.
func (l *loop) showProgress() {
	st := l.syncer.statusBoard.status()
	moved := l.status.Phase == Following &&
		(l.store.State().Tip != st.Tip || l.facts().synced() != st.Synced)
	if moved || time.Since(l.shownAt) >= showEvery {
		l.show()
	}
}

// logSync logs when the sync is complete, and when blocks come after that.
// A new block makes the status unsynced for as long as its filter takes, so the
// tip is compared with the one that was told, not with the last status.
func (l *loop) logSync() {
	st := &l.status
	switch {
	case st.Synced && l.lost:
		l.lost, l.logged = false, st.Tip
		l.cfg.Log.Info("Synced at height "+heightString(st.Tip.Height), "hash", st.Tip.Hash, "peers", st.Peers)
	case st.Synced && st.Tip != l.logged:
		l.logged = st.Tip
		l.cfg.Log.Info("New block", "height", st.Tip.Height, "hash", st.Tip.Hash)
	case !st.Synced && !l.lost && (st.Phase != Following || st.Peers == 0):
		l.lost = true
		l.cfg.Log.Info("No longer synced", "height", st.Tip.Height, "reason", st.Reason)
	}
}

// heightString formats a height as logs have it, without separators.
func heightString(h consensus.Height) string { return strconv.Itoa(int(h)) }
