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
func (r *run) facts() facts {
	h := r.headers.Facts()
	f := facts{
		phase: r.status.Phase, pausing: r.pausing, peers: h.Peers, shown: h.Shown, fetchingTail: h.Tail, mute: h.Mute,
		missing: r.filters.Delay(), best: h.Best, claims: h.Claim, gathering: h.Gathering, awaited: h.Awaited,
		more: h.More, unanswered: h.Unanswered, answered: h.Answered,
	}
	if r.store == nil {
		return f
	}
	state := r.store.State()
	f.staged = r.store.Staged().Tip.Height
	f.tip, f.filters = state.Tip, state.Filters
	f.scanned, f.watching = r.scan.Position()
	f.enough = state.EnoughWork
	f.pinned = r.pinned(h)
	f.unvoted = r.unvoted()
	f.tipAge = r.cfg.Now().Sub(state.TipTime)
	f.stale = r.tipsAge() && f.tipAge > staleIntervals*r.cfg.Params.ChainParams.TargetTimePerBlock
	f.interval = r.cfg.Params.ChainParams.TargetTimePerBlock
	f.overdue = r.tipsAge() && f.tipAge > overdueIntervals*r.cfg.Params.ChainParams.TargetTimePerBlock
	return f
}

// tipsAge reports whether an old tip means that something is wrong. On networks
// where blocks are mined at will it does not.
func (r *run) tipsAge() bool {
	net := r.cfg.Params.ChainParams.Net
	return net == wire.MainNet || net == wire.TestNet3
}

// show shows the status as it follows from the facts, at once, if it differs
// from the one that is shown.
func (r *run) show() {
	r.takeVotes()
	r.takeNotices()
	f, now := r.facts(), time.Now()
	st := &r.status
	was := *r.statusBoard.status()
	st.Reason, st.Hint = f.reason()
	st.Best, st.BestPeers = f.best, f.claims
	st.Peers = f.peers
	if r.store != nil {
		st.Tip, st.TipTime = f.tip, r.store.State().TipTime
		r.showStages(f, r.shownRatio(was), now)
	}
	st.Synced = f.synced()
	r.headers.ShownSynced(st.Synced)
	st.FirstSyncDone = st.FirstSyncDone || st.Synced
	st.Seq = was.Seq
	r.shownAt = now
	r.seek(f.doubt())
	if reflect.DeepEqual(*st, was) {
		return
	}
	r.statusBoard.show(*st)
	if w, ok := r.cfg.Wallet.(Notified); ok && st.Synced && !was.Synced {
		w.Synced()
	}
	r.logSync()
}

// seek tells the pool of a doubt when it begins, changes or ends.
func (r *run) seek(doubt string) {
	if doubt != r.doubt {
		r.doubt = doubt
		r.cfg.Peers.Seek(doubt)
	}
}

// shownRatio returns the ratio that a reader was shown when it found out that being synced is
// lost, see current; zero if none did.
func (r *run) shownRatio(was Status) float64 {
	if r.status.Ratio == 1 && !was.Synced {
		return was.Ratio
	}
	return 0
}

// showStages fills in the progress of the stages and of all of them, which is at least a
// ratio. Their target is what peers claim, until the claims are found to be empty.
func (r *run) showStages(f facts, least float64, now time.Time) {
	target := max(f.staged, f.best)
	if f.synced() {
		target = f.staged
	}
	m := r.progress.Measure(progress.Sample{
		Headers: f.staged, Filters: f.filters.Height, Scanned: f.scanned.Height, Target: target,
		Watching: f.watching, Connected: f.peers > 0, Synced: f.synced(),
		Fetching: f.phase == CatchingUp, Scanning: f.phase == Rescanning, Least: least,
	}, now)
	st := &r.status
	st.Headers = progressOf(f.staged, target, m.Headers)
	st.Filters = progressOf(f.filters.Height, target, m.Filters)
	st.Rescan = progressOf(f.scanned.Height, target, m.Rescan)
	st.Ratio, st.ETA = m.Ratio, m.Left
}

// showProgress shows the status at once when following has reached another
// block or is no longer synced, and else when it is time to.
func (p *loop) showProgress() {
	st := p.statusBoard.status()
	moved := p.status.Phase == Following &&
		(p.store.State().Tip != st.Tip || p.facts().synced() != st.Synced)
	if moved || time.Since(p.shownAt) >= showEvery {
		p.show()
	}
}

// logSync logs when the sync is complete, and when blocks come after that.
// A new block makes the status unsynced for as long as its filter takes, so the
// tip is compared with the one that was told, not with the last status.
func (r *run) logSync() {
	st := &r.status
	switch {
	case st.Synced && r.lost:
		r.lost, r.told = false, st.Tip
		r.cfg.Log.Info("Synced at height "+heightString(st.Tip.Height), "hash", st.Tip.Hash, "peers", st.Peers)
	case st.Synced && st.Tip != r.told:
		r.told = st.Tip
		r.cfg.Log.Info("New block", "height", st.Tip.Height, "hash", st.Tip.Hash)
	case !st.Synced && !r.lost && (st.Phase != Following || st.Peers == 0):
		r.lost = true
		r.cfg.Log.Info("No longer synced", "height", st.Tip.Height, "reason", st.Reason)
	}
}

// heightString formats a height as logs have it, without separators.
func heightString(h consensus.Height) string { return strconv.Itoa(int(h)) }
