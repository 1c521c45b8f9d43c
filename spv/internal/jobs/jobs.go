package jobs

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/defect"
)

// Result applies what a job has found out. Only the goroutine that owns the state calls it. An
// error ends the phase in which the job was started.
type Result func() error

// Group runs jobs between Begin and Stop, after which it may begin again. Begin, Do, Go and Stop
// are called by one goroutine.
type Group struct {
	ctx     context.Context
	cancel  context.CancelFunc
	group   errgroup.Group
	results chan Result
}

// New returns a group that has not begun.
func New() *Group { return &Group{results: make(chan Result)} }

// Begin lets jobs be started, which end with ctx.
func (g *Group) Begin(ctx context.Context) { g.ctx, g.cancel = context.WithCancel(ctx) }

// Context returns the context that the jobs of this time end with.
func (g *Group) Context() context.Context { return g.ctx }

// Results is the channel of the results, in the order in which jobs end.
func (g *Group) Results() <-chan Result { return g.results }

// Do starts a job. The result of a job that ends after Stop was called is dropped, as is a
// nil result. A job that panics has a result that returns a *defect.Error.
func (g *Group) Do(job func(ctx context.Context) Result) {
	ctx := g.ctx
	g.group.Go(func() error {
		r, err := defect.Contain(0, func() (Result, error) { return job(ctx), nil })
		if err != nil {
			r = func() error { return err }
		}
		if r == nil {
			return nil
		}
		select {
		case g.results <- r:
		case <-ctx.Done():
		}
		return nil
	})
}

// Go starts work that has no result and is not interrupted: Stop waits for its end.
func (g *Group) Go(work func()) {
	g.group.Go(func() error {
		work()
		return nil
	})
}

// Stop cancels all jobs and returns when the last one has ended.
func (g *Group) Stop() {
	g.cancel()
	_ = g.group.Wait() // jobs return no errors: their results do
}
