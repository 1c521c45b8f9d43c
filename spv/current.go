package spv

import (
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/progress"
)

// current returns the newest status as readers see it. A user may change the wallet and read the
// status before the loop has read the wallet. So a reader of a status that is synced compares the
// wallet with it, and if that has gone back, shows the status that follows. Reports about votes
// are compared likewise.
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
	next.Synced, next.Ready = false, st.Ready && st.Tip.Height-at <= nearTip
	next.Rescan = progressOf(at, st.Tip.Height, 0)
	next.Ratio, next.ETA = progress.LostAtLeast(st.Tip.Height-at), 0
	next.Reason, next.Hint = scanReason(at, st.Tip.Height), ""
	return next
}
