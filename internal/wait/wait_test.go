package wait_test

import (
	"context"
	"errors"
	"flag"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

var dueTimers = flag.Bool("duetimers", false, "show that timers which are due when they are made crash the race detector")

// TestDueTimersCrashTheDetector is the program that the package exists for: run it with
//
//	go test -race -run DueTimers ./internal/wait -args -duetimers
//
// It died within seconds, in __tsan::SlotLock or a like place, on go1.26.8
// linux/amd64, in each of its runs. If it passes, the runtime has been mended, and
// this package could go.
func TestDueTimersCrashTheDetector(t *testing.T) {
	if !*dueTimers {
		t.Skipf("only with -duetimers: it crashed go1.26.8, this is %s", runtime.Version())
	}
	stressBubble(t, 2_000_000, func(ctx context.Context) {
		timer := time.NewTimer(0)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	})
}

// TestWaitsThatAreDueCrashNothing does the same through this package.
func TestWaitsThatAreDueCrashNothing(t *testing.T) {
	stressBubble(t, 20_000, func(ctx context.Context) {
		timer := wait.NewTimer(0)
		defer timer.Stop()
		select {
		case <-timer.C():
		case <-ctx.Done():
		}
		if err := wait.For(ctx, 0); err != nil {
			t.Error(err)
		}
	})
}

func stressBubble(t *testing.T, rounds int, f func(context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range rounds {
					f(t.Context())
				}
			})
		}
		wg.Wait()
	})
}

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		for _, d := range []time.Duration{-time.Second, 0, 1, time.Hour} {
			if err := wait.For(t.Context(), d); err != nil {
				t.Errorf("waiting %v: %v", d, err)
			}
		}
		if took := time.Since(begin); took != time.Hour+1 {
			t.Errorf("took %v", took)
		}
		if err := wait.Until(t.Context(), begin); err != nil {
			t.Errorf("waiting for the past: %v", err)
		}
	})
}

func TestForEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		begin := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := wait.For(ctx, time.Hour); !errors.Is(err, cause) {
				t.Errorf("a wait that was cut ends with %v", err)
			}
		})
		wait.For(t.Context(), time.Minute)
		cancel(cause)
		wg.Wait()
		for _, d := range []time.Duration{-1, 0, time.Hour} {
			if err := wait.For(ctx, d); !errors.Is(err, cause) {
				t.Errorf("waiting %v after the end gives %v", d, err)
			}
		}
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// TestTimer drives a timer through a loop that is sometimes slower than it.
func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		timer := wait.NewTimer(0)
		defer timer.Stop()
		want := []time.Duration{0, 2, 12, 14}
		busy := []time.Duration{1, 10, 1, 0}
		next := []time.Duration{2, 3, 2, 0}
		for i := range want {
			select {
			case <-timer.C():
			case <-t.Context().Done():
			}
			if at := time.Since(begin); at != want[i]*time.Second {
				t.Errorf("fired at %v, want %v s", at, int64(want[i]))
			}
			timer.Reset(next[i] * time.Second)
			wait.For(t.Context(), busy[i]*time.Second)
		}
	})
}

func TestTimerThatNeverFires(t *testing.T) {
	stopped := wait.NewTimer(0)
	stopped.Stop()
	var none *wait.Timer
	none.Stop()
	for name, timer := range map[string]*wait.Timer{"zero moment": wait.NewTimerAt(time.Time{}), "stopped": stopped, "nil": none} {
		select {
		case <-timer.C():
			t.Errorf("%s: fired", name)
		default:
		}
	}
}

// TestTimerStaysDue: a select statement that chose another case finds it due again.
func TestTimerStaysDue(t *testing.T) {
	timer := wait.NewTimerAt(time.Now().Add(-time.Second))
	for range 3 {
		select {
		case <-timer.C():
		default:
			t.Fatal("not due")
		}
	}
	timer.Reset(time.Hour)
	select {
	case <-timer.C():
		t.Error("due after it was reset")
	default:
	}
}
