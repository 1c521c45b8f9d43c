package spv

import (
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/progress"
)

// current returns the newest status as readers see it. Users change the wallet while
// the syncer is elsewhere, and read the status before it has found out: whoever
// reads that all is synced looks at the wallet too, and if that has gone back,
// shows the status that this makes. So it is with what is reported about votes.
func (s *Syncer) current() *Status {
	for {
		st := s.statusBoard.status()
		if !st.Synced {
			return st
		}
		if v := s.votes.Load(); v.failed() && s.holds(v.Failed) {
			s.statusBoard.correct(st, st.unvoted(v))
			continue
		}
		at, watching := s.cfg.Wallet.Scanned()
		if !watching || at.Height >= st.Tip.Height {
			return st
		}
		s.statusBoard.correct(st, st.unscanned(at.Height))
	}
}

// unscanned returns a synced status as it is when the wallet has been searched for
// up to a height only.
func (st *Status) unscanned(at consensus.Height) Status {
	next := *st
	next.Synced = false
	next.Rescan = progressOf(at, st.Tip.Height, 0)
	next.Ratio, next.ETA = progress.LostAtLeast(st.Tip.Height-at), 0
	next.Reason, next.Hint = scanReason(at, st.Tip.Height), ""
	return next
}
