package page

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		span(-5): "0 s", span(59): "59 s", span(90): "1 min 30 s", span(7260): "2 h 1 min", span(172800): "2 days",
		speed(0): "–", speed(1): "1 kB/s", speed(999_000): "999 kB/s", speed(1_550_000): "1.6 MB/s",
		grouped(-1234567): "-1,234,567", grouped(-123): "-123", percent(0.99999): "99.9 %", percent(1): "100.0 %",
		clock(0): "1970-01-01 00:00:00 UTC",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHeadline(t *testing.T) {
	for want, st := range map[string]api.SyncStatus{
		"Synced good":     {Synced: true, Ready: true, Peers: 1, Phase: "following"},
		"Syncing busy":    {Peers: 1, Phase: "following"},
		"No peers lonely": {Phase: "catching-up"},
		"Failed broken":   {Phase: api.PhaseFailed, Peers: 1},
	} {
		if got := headline(st) + " " + mood(st); got != want {
			t.Errorf("%+v is %s, want %s", st, got, want)
		}
	}
}

// still is a Syncer whose status does not change.
type still struct{ Syncer }

// Status implements Syncer.
func (still) Status() spv.Status { return spv.Status{Seq: 7} }

// Changes implements Syncer.
func (still) Changes(ctx context.Context, from uint64) iter.Seq[spv.Status] {
	return func(yield func(spv.Status) bool) {
		if from < 7 && !yield(spv.Status{Seq: 7}) {
			return
		}
		<-ctx.Done()
	}
}

// TestPageIsRefreshed: ages and peers change while the status does not.
func TestPageIsRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{cfg: Config{Core: Core{Syncer: still{}}}}
		began := time.Now()
		if st := s.next(t.Context(), 0); st.Seq != 7 || time.Since(began) != 0 {
			t.Errorf("the first comes after %v", time.Since(began))
		}
		if st := s.next(t.Context(), 7); st.Seq != 7 || time.Since(began) != refreshAfter {
			t.Errorf("the same comes again after %v", time.Since(began))
		}
	})
}
