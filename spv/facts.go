package spv

import (
	"time"

	"github.com/decred/dcrd/wire"
)

// facts gathers what the truth follows from.
func (l *loop) facts() facts {
	h := l.headers.Facts()
	f := facts{
		phase: l.display.status.Phase, pausing: l.pausing, peers: h.Peers, shown: h.Shown, fetchingTail: h.Tail, mute: h.Mute,
		missing: l.filters.Delay(), best: h.Best, claims: h.Claim, gathering: h.Gathering, awaited: h.Awaited,
		more: h.More, unanswered: h.Unanswered, answered: h.Answered,
	}
	if l.store == nil {
		return f
	}
	if f.phase == Importing {
		f.importing, f.best, f.peers = l.importing, l.importing.target, l.connected()
	}
	state := l.store.State()
	f.staged = l.store.Staged().Tip.Height
	f.open, f.tip, f.tipTime, f.filters = true, state.Tip, state.TipTime, state.Filters
	f.floor, f.wanted, f.above = state.Floor, l.wanted, state.Above
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

// connected returns the number of live peers, of which an import knows nothing else.
func (l *loop) connected() (n int) {
	for range l.cfg.Peers.Live() {
		n++
	}
	return n
}

// tipsAge reports whether an old tip means that something is wrong. On networks
// where blocks are mined at will it does not.
func (l *loop) tipsAge() bool {
	net := l.cfg.Params.ChainParams.Net
	return net == wire.MainNet || net == wire.TestNet3
}

// show shows the status as it follows from the facts, if it differs from the one that is shown.
func (l *loop) show() {
	l.takeVotes()
	l.takeNotices()
	f := l.facts()
	l.display.show(f, time.Now())
	l.headers.ShownSynced(f.synced())
}

// showProgress shows the status at once when following has reached another
// block or is no longer synced, and else when it is time to.
func (l *loop) showProgress() {
	st := l.syncer.statusBoard.status()
	moved := l.display.status.Phase == Following &&
		(l.store.State().Tip != st.Tip || l.facts().synced() != st.Synced)
	if moved || time.Since(l.display.shownAt) >= showEvery {
		l.show()
	}
}
