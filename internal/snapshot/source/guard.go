package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
)

const (
	// leastRate is how many bytes a second have to come on average while more are waited
	// for, and rateTime how long is waited until that is judged.
	leastRate = 4 << 10
	rateTime  = 10 * time.Second
)

// guard is the body of a response that ends when too few bytes come. The time in which
// nothing is read from it does not count.
type guard struct {
	body     io.ReadCloser
	ctx      context.Context
	cancel   context.CancelCauseFunc
	timer    *time.Timer // cancels; stopped unless a read waits
	patience time.Duration

	waited time.Duration // since the rate was last judged
	got    int64         // in that time
}

// watch returns a context that ends after the patience unless its timer is stopped.
func watch(ctx context.Context, patience time.Duration) (context.Context, context.CancelCauseFunc, *time.Timer) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() {
		cancel(fmt.Errorf("nothing came for %v: %w", patience, snapshot.ErrSlow))
	})
	return ctx, cancel, timer
}

// Read reads what comes next.
func (g *guard) Read(b []byte) (int, error) {
	began := time.Now()
	g.timer.Reset(g.patience)
	n, err := g.body.Read(b)
	g.timer.Stop()
	g.waited += time.Since(began)
	g.got += int64(n)
	if err != nil && !errors.Is(err, io.EOF) && g.ctx.Err() != nil {
		err = context.Cause(g.ctx)
	}
	if g.waited >= rateTime {
		if err == nil && float64(g.got) < leastRate*g.waited.Seconds() {
			return 0, fmt.Errorf("%d bytes came in %v: %w", g.got, g.waited.Round(time.Second), snapshot.ErrSlow)
		}
		g.waited, g.got = 0, 0
	}
	return n, err
}

// Close ends the response.
func (g *guard) Close() error {
	g.timer.Stop()
	g.cancel(nil)
	return g.body.Close()
}
