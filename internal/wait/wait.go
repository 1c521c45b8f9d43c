package wait

import (
	"context"
	"time"
)

// For blocks until d has passed, and returns nil, or until ctx ends, and returns its
// cause. With d of zero or less it does not block: it returns nil, or the cause if ctx
// has ended already.
func For(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Until is For with the moment at which the wait ends.
func Until(ctx context.Context, at time.Time) error {
	return For(ctx, time.Until(at))
}

// Timer is a moment that a select statement waits for:
//
//	case <-timer.C():
//
// C is called in the select statement itself, each time: it returns a channel that
// is ready if the moment has passed, and otherwise one that a timer serves which is
// not due yet. The moment stays passed until Reset or Stop. A Timer belongs to one
// goroutine. Its methods can be called on a nil Timer, which never fires and cannot be
// reset.
type Timer struct {
	at    time.Time // zero: never
	timer *time.Timer
}

// NewTimer returns a timer that fires d from now, at once if d is zero or less.
func NewTimer(d time.Duration) *Timer {
	return &Timer{at: time.Now().Add(d)}
}

// NewTimerAt returns a timer that fires at a moment, or never if that is zero.
func NewTimerAt(at time.Time) *Timer {
	return &Timer{at: at}
}

// C returns the channel to receive from in a select statement. The delivered value has no
// meaning.
func (t *Timer) C() <-chan time.Time {
	if t == nil || t.at.IsZero() {
		return nil
	}
	d := time.Until(t.at)
	switch {
	case d <= 0:
		due := make(chan time.Time)
		close(due)
		return due
	case t.timer == nil:
		t.timer = time.NewTimer(d)
	default:
		t.timer.Reset(d)
	}
	return t.timer.C
}

// Reset moves the moment to d from now.
func (t *Timer) Reset(d time.Duration) {
	t.at = time.Now().Add(d)
}

// Stop releases the timer, which never fires unless it is reset.
func (t *Timer) Stop() {
	if t == nil {
		return
	}
	t.at = time.Time{}
	if t.timer != nil {
		t.timer.Stop()
	}
}
