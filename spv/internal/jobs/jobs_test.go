package jobs

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/spvd/spvd/internal/defect"
)

func TestResultsReachTheOwnerAndPanicsAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New()
		g.Begin(t.Context())
		defer g.Stop()
		n := 0
		g.Do(func(context.Context) Result { return func() error { n++; return nil } })
		if err := (<-g.Results())(); err != nil || n != 1 {
			t.Errorf("the result was applied %d times, %v", n, err)
		}
		g.Do(func(context.Context) Result { panic("broken") })
		var d *defect.Error
		if err := (<-g.Results())(); !errors.As(err, &d) {
			t.Errorf("the panic is %v", err)
		}
		g.Do(func(context.Context) Result { return nil })
		synctest.Wait()
		select {
		case <-g.Results():
			t.Error("a nil result was delivered")
		default:
		}
	})
}

// TestStopJoinsAll stops a group with a job that waits, one whose result is not received, and
// work that must not be interrupted, and begins again.
func TestStopJoinsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New()
		for range 2 {
			g.Begin(t.Context())
			ended, finish := 0, make(chan struct{})
			g.Do(func(ctx context.Context) Result {
				<-ctx.Done()
				ended++
				return func() error { return nil }
			})
			g.Do(func(context.Context) Result { return func() error { t.Error("applied"); return nil } })
			g.Go(func() { <-finish; ended++ })
			synctest.Wait()
			stopped := make(chan struct{})
			var stop sync.WaitGroup
			stop.Go(func() { g.Stop(); close(stopped) })
			synctest.Wait()
			select {
			case <-stopped:
				t.Error("stopped before the work was done")
			default:
			}
			close(finish)
			<-stopped
			if ended != 2 || g.Context().Err() == nil {
				t.Errorf("%d of 2 ended", ended)
			}
		}
	})
}
