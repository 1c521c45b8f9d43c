package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// retryPause is how long Run waits before it starts an optional worker again.
const retryPause = 30 * time.Second

// errEarly is the error of a worker that has returned nil before it was stopped.
var errEarly = errors.New("ended without being told to")

// Worker is a part of a program.
type Worker struct {
	Name string // in errors and reports

	// Serve works until ctx ends, and then returns nil. All that it has started has ended when
	// it returns. One of an optional worker is called again after it has returned.
	Serve func(ctx context.Context) error

	// Gate waits until the worker may be started, and returns nil then. With an error the worker
	// is not started. Nil: at once.
	Gate func(ctx context.Context) error

	// Optional: the others go on without it.
	Optional bool
}

// Config says how workers are kept. The zero value is a valid one.
type Config struct {
	// Log takes what happens; nil drops it.
	Log *slog.Logger

	// Report is called with what is wrong with an optional worker, and with nil when that is
	// over. It must not wait. If nil, it is not called.
	Report func(worker string, trouble error)

	// StopWithin is how long all workers together may take to stop. After that Run gives up
	// on the one that hangs, and leaves it and those before it to the end of the process.
	// Zero: Run waits for as long as it takes.
	StopWithin time.Duration
}

// running is a worker that was started.
type running struct {
	Worker
	stop context.CancelFunc
	done chan struct{} // closed after err is set
	err  error
}

// Run starts workers, each of which may use the ones before it. When ctx ends, or a required one
// returns, it stops them in reverse order. It returns the first error of a required worker, with
// its name; nil if ctx has ended and none had an error.
func Run(ctx context.Context, cfg Config, workers ...Worker) error {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Report == nil {
		cfg.Report = func(string, error) {}
	}
	started := make([]*running, len(workers))
	ended := make(chan *running, len(workers))
	var wg sync.WaitGroup
	for i, w := range workers {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		r := &running{Worker: w, stop: stop, done: make(chan struct{})}
		started[i] = r
		wg.Go(func() {
			defer close(r.done)
			if r.Optional {
				cfg.keep(own, r.Worker)
				return
			}
			r.err = r.once(own)
			ended <- r
		})
	}

	var first error
	select {
	case <-ctx.Done():
		cfg.Log.Info("Stopping")
	case r := <-ended:
		first = r.failure()
		cfg.Log.Error("Stopping because a service has ended", "service", r.Name, "err", first)
	}
	if err := cfg.stopAll(started); err != nil {
		return err
	}
	wg.Wait()
	for _, r := range started {
		if first == nil && r.err != nil {
			first = r.failure()
		}
	}
	return first
}

// once waits for the gate of a worker and lets it work. It returns nil if ctx ends before the gate
// opens.
func (w *Worker) once(ctx context.Context) error {
	if w.Gate != nil {
		if err := w.Gate(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
	}
	return w.Serve(ctx)
}

// keep lets an optional worker work until ctx ends, again and again if it returns before.
func (c *Config) keep(ctx context.Context, w Worker) {
	trouble := false // was reported
	for {
		var withdrawing sync.WaitGroup
		working, stop := context.WithCancel(ctx)
		if trouble {
			withdrawing.Go(func() {
				if wait.For(working, retryPause) == nil {
					c.Report(w.Name, nil)
				}
			})
		}
		err := w.once(ctx)
		stop()
		withdrawing.Wait()
		if ctx.Err() != nil {
			if trouble {
				c.Report(w.Name, nil)
			}
			return
		}
		if err == nil {
			err = errEarly
		}
		trouble = true
		c.Log.Warn("An optional worker has ended", "worker", w.Name, "err", err, "again in", retryPause)
		c.Report(w.Name, err)
		if wait.For(ctx, retryPause) != nil {
			c.Report(w.Name, nil)
			return
		}
	}
}

// stopAll stops workers in reverse order.
func (c *Config) stopAll(started []*running) error {
	var late <-chan time.Time
	if c.StopWithin > 0 {
		deadline := wait.NewTimer(c.StopWithin)
		defer deadline.Stop()
		late = deadline.C()
	}
	for i := len(started) - 1; i >= 0; i-- {
		r := started[i]
		r.stop()
		select {
		case <-r.done:
		case <-late:
			return fmt.Errorf("%s: did not stop within %v", r.Name, c.StopWithin)
		}
	}
	return nil
}

// failure returns the error for a worker that has ended.
func (r *running) failure() error {
	if r.err == nil {
		return fmt.Errorf("%s: %w", r.Name, errEarly)
	}
	return fmt.Errorf("%s: %w", r.Name, r.err)
}
