package spv

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// result is what a worker hands back: a closure over its result that the
// syncer's goroutine calls, and nobody else. An error ends the run.
type result func() error

// workers run jobs for the syncer. What a job does is pure or waits for a peer;
// whatever it wants to change it does in the result it returns.
type workers struct {
	ctx     context.Context
	cancel  context.CancelFunc
	group   errgroup.Group
	results chan result
}

// newWorkers returns workers whose jobs end with ctx.
func newWorkers(ctx context.Context) *workers {
	ctx, cancel := context.WithCancel(ctx)
	return &workers{ctx: ctx, cancel: cancel, results: make(chan result)}
}

// do starts a job. The result of a job that ends after stop is dropped, as is a
// nil result. A job that panics has a result that returns a *defect.
func (w *workers) do(job func(ctx context.Context) result) {
	w.group.Go(func() error {
		f, err := contained(0, func() (result, error) { return job(w.ctx), nil })
		if err != nil {
			f = func() error { return err }
		}
		if f == nil {
			return nil
		}
		select {
		case w.results <- f:
		case <-w.ctx.Done():
		}
		return nil
	})
}

// stop cancels all jobs and returns when the last one has.
func (w *workers) stop() {
	w.cancel()
	_ = w.group.Wait() // jobs return no errors: their results do
}
