package sim_test

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
)

// TestOutage checks that a client that loses all its peers at once says so, and is
// synced again without a restart soon after they are back, whichever way and for
// however long they were gone.
func TestOutage(t *testing.T) {
	for _, test := range []struct {
		name       string
		cut        func(*testnet.Host)
		mend       func(*testnet.Host)
		gone       time.Duration
		noticed    time.Duration // at most until it is not synced any more
		backWithin time.Duration
	}{
		{"stopped for a minute", (*testnet.Host).Stop, (*testnet.Host).Start, time.Minute, time.Second, 20 * time.Second},
		{"stopped for hours", (*testnet.Host).Stop, (*testnet.Host).Start, 9 * time.Hour, time.Second, 20 * time.Second},
		{"unreachable for an hour", (*testnet.Host).Partition, (*testnet.Host).Heal, time.Hour, ignorance, 30 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, trunk().Fork(2500, 60, 31), func(w *world) {
				w.honestNodes(8, far)
				w.startClient()
				w.mustSync(10 * time.Minute)

				for _, h := range w.honest {
					test.cut(h)
				}
				w.disturbed()
				cut := time.Now()
				w.until("not synced", func(st spv.Status) bool { return !st.Synced && st.Peers == 0 })
				if took := time.Since(cut); took > test.noticed {
					w.Errorf("synced for %v without any peer", took)
				}
				<-time.After(test.gone)
				if st := w.syncer.Status(); st.Synced || st.Ratio == 1 {
					w.Errorf("alone, but %+v", st)
				}
				w.extend(3)
				for _, h := range w.honest {
					test.mend(h)
				}
				w.disturbed()
				w.mustSync(test.backWithin)
				w.mustNotHaveBanned(w.honest...)
			})
		})
	}
}
