package sim_test

import (
	"context"
	"time"

	"github.com/spvd/spvd/spv"
)

// ignorance is how long a client may not know what changed: a ping that is not
// answered tells it of a dead line, and then it takes a round of dials.
const ignorance = 3 * time.Minute

// watchStatus demands that no status is a lie.
func (w *world) watchStatus(ctx context.Context, syncer *spv.Syncer) {
	var last spv.Status
	for st := range syncer.Changes(ctx, 0) {
		if st.Seq <= last.Seq {
			w.Errorf("status %d came after %d", st.Seq, last.Seq)
		}
		if missed := st.Seq > last.Seq+1; st.Ratio < last.Ratio && !last.Synced && !missed {
			w.Errorf("the ratio fell from %v to %v", last.Ratio, st.Ratio)
		}
		if st.ETA < 0 || st.ETA > 0 && (st.Synced || st.Peers == 0) {
			w.Errorf("%v left with synced %v and %d peers", st.ETA, st.Synced, st.Peers)
		}
		if (st.Ratio == 1) != st.Synced {
			w.Errorf("ratio %v with synced %v", st.Ratio, st.Synced)
		}
		if st.Synced {
			w.judge(st)
		}
		last = st
	}
}

// judge demands of a status that says synced that it may: there are peers,
// nothing is behind, and the tip is that of the honest nodes unless they changed
// it just now.
func (w *world) judge(st spv.Status) {
	if st.Peers == 0 || st.Phase != spv.Following || !st.Headers.Done() || !st.Filters.Done() || !st.Rescan.Done() {
		w.Errorf("synced, but %+v", st)
	}
	w.mu.Lock()
	best, calm := w.best.Tip(), w.calm
	w.mu.Unlock()
	if st.Tip != best && time.Since(calm) > ignorance && !w.eclipsed {
		w.Errorf("synced at %v, while the best block has been %v for %v", st.Tip, best, time.Since(calm))
	}
}
