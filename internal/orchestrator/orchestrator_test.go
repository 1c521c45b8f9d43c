package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// journal notes what happens, in order.
type journal struct {
	mu     sync.Mutex
	events []string
}

func (j *journal) note(event string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, event)
}

// want compares the events, and forgets them.
func (j *journal) want(t *testing.T, when string, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.events, want) {
		t.Errorf("%s: %q, want %q", when, j.events, want)
	}
	j.events = nil
}

// untilTold is a worker that takes a while to stop.
func (j *journal) untilTold(name string, takes time.Duration) Worker {
	return Worker{Name: name, Serve: func(ctx context.Context) error {
		<-ctx.Done()
		<-time.After(takes) // virtual
		j.note(name)
		return nil
	}}
}

func TestWorkersStopInReverseOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		optional := j.untilTold("serving", 2*time.Second)
		optional.Optional = true
		err := Run(ctx, Config{}, j.untilTold("peers", 0), j.untilTold("sync", 3*time.Second), optional, j.untilTold("rpc", time.Second))
		if err != nil {
			t.Errorf("a clean stop returned %v", err)
		}
		j.want(t, "stopped", "rpc", "serving", "sync", "peers")
	})
}

func TestWorkerThatEndsStopsTheOthers(t *testing.T) {
	trouble := errors.New("disk full")
	tests := []struct {
		name  string
		ends  error
		wants string
	}{
		{"with an error", trouble, "sync: disk full"},
		{"without one", nil, "sync: ended without being told to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j journal
			err := Run(t.Context(), Config{},
				j.untilTold("peers", 0),
				Worker{Name: "sync", Serve: func(context.Context) error { return tt.ends }},
				j.untilTold("rpc", 0),
			)
			if err == nil || err.Error() != tt.wants || !errors.Is(err, tt.ends) && tt.ends != nil {
				t.Errorf("got error %v, want %q", err, tt.wants)
			}
			j.want(t, "stopped", "rpc", "peers")
		})
	}
}

func TestErrorWhileStoppingIsReturned(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	trouble := errors.New("disk full")
	err := Run(ctx, Config{}, Worker{Name: "sync", Serve: func(ctx context.Context) error { <-ctx.Done(); return trouble }})
	if !errors.Is(err, trouble) {
		t.Errorf("got %v, want %v", err, trouble)
	}
}

func TestStoppingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		err := Run(ctx, Config{StopWithin: 10 * time.Second},
			j.untilTold("peers", 0),
			Worker{Name: "sync", Serve: func(context.Context) error { <-release; return nil }},
			j.untilTold("rpc", 4*time.Second),
		)
		if err == nil || !strings.HasPrefix(err.Error(), "sync: did not stop") {
			t.Errorf("got %v, want an error that names the worker", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("gave up after %v, want 10 s", took)
		}
		close(release)
	})
}

// TestOptionalWorkerIsStartedAgain: whether it returns an error or nil, it is reported and started
// again after the pause; the report is withdrawn when the worker has lasted as long, or all stop.
func TestOptionalWorkerIsStartedAgain(t *testing.T) {
	for _, end := range []error{errors.New("disk full"), nil} {
		t.Run(fmt.Sprint(end), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j journal
				starts := 0
				optional := Worker{Name: "serving", Optional: true, Serve: func(ctx context.Context) error {
					if starts++; starts == 3 {
						<-ctx.Done()
						return nil
					}
					j.note("ends")
					return end
				}}
				cfg := Config{Report: func(worker string, trouble error) { j.note(fmt.Sprintf("%s: %v", worker, trouble)) }}
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() {
					if err := Run(ctx, cfg, j.untilTold("sync", 0), optional); err != nil {
						t.Errorf("Run returned %v", err)
					}
				})
				said := "serving: disk full"
				if end == nil {
					said = "serving: ended without being told to"
				}
				<-time.After(retryPause - 1)
				synctest.Wait()
				j.want(t, "before the pause is over", "ends", said)
				<-time.After(2)
				synctest.Wait()
				j.want(t, "started again", "ends", said)
				<-time.After(2*retryPause - 4)
				synctest.Wait()
				j.want(t, "it has worked for almost as long as the pause")
				<-time.After(10)
				synctest.Wait()
				j.want(t, "it has worked for as long as the pause", "serving: <nil>")
				cancel()
				wg.Wait()
				j.want(t, "stopped", "serving: <nil>", "sync")
				if starts != 3 {
					t.Errorf("started %d times, want 3", starts)
				}
			})
		})
	}
}

// TestGate: a worker waits for its gate, is not started if all stop before that, and a gate that
// fails is the end of the worker.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		gated := func(name string, after time.Duration, failure error, optional bool) Worker {
			return Worker{Name: name, Optional: optional,
				Gate: func(ctx context.Context) error {
					select {
					case <-time.After(after):
						return failure
					case <-ctx.Done():
						return context.Cause(ctx)
					}
				},
				Serve: func(ctx context.Context) error {
					j.note(name + " begins")
					<-ctx.Done()
					return nil
				},
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		if err := Run(ctx, Config{}, gated("b", 2*time.Second, nil, true), gated("a", time.Second, nil, false), gated("never", time.Hour, nil, false)); err != nil {
			t.Errorf("Run returned %v", err)
		}
		j.want(t, "gates", "a begins", "b begins")

		failure := errors.New("no store")
		err := Run(t.Context(), Config{}, gated("optional", 0, failure, true), gated("required", time.Second, failure, false))
		if err == nil || err.Error() != "required: no store" {
			t.Errorf("a gate that fails: %v", err)
		}
		j.want(t, "no gate has opened")
	})
}

// TestEveryMoment: workers that end, fail, ignore their gate and take long to stop are stopped at
// each moment of their lives; whatever has happened, Run returns when it has to, in virtual time, and
// leaves nothing that runs.
func TestEveryMoment(t *testing.T) {
	for at := range 80 {
		synctest.Test(t, func(t *testing.T) { // it fails if a goroutine stays
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Duration(at)*time.Second, cancel)
			lasts := func(d time.Duration, end error) func(ctx context.Context) error {
				return func(ctx context.Context) error {
					select {
					case <-time.After(d):
						return end
					case <-ctx.Done():
						<-time.After(time.Second)
						return nil
					}
				}
			}
			var mu sync.Mutex
			reported := make(map[string]error)
			cfg := Config{Report: func(worker string, trouble error) {
				mu.Lock()
				defer mu.Unlock()
				reported[worker] = trouble
			}}
			began := time.Now()
			err := Run(ctx, cfg,
				Worker{Name: "sync", Serve: lasts(time.Hour, nil)},
				Worker{Name: "fails", Optional: true, Serve: lasts(7*time.Second, errors.New("disk full"))},
				Worker{Name: "waits", Optional: true, Gate: lasts(11*time.Second, nil), Serve: lasts(time.Hour, nil)},
				Worker{Name: "ends", Optional: true, Serve: lasts(0, nil)},
			)
			if took := time.Since(began) - time.Duration(at)*time.Second; err != nil || took > 4*time.Second {
				t.Errorf("stopped after %d s: %v after %v", at, err, took)
			}
			for worker, trouble := range reported {
				if trouble != nil {
					t.Errorf("stopped after %d s: it is still reported that %s has ended: %v", at, worker, trouble)
				}
			}
		})
	}
}
