package spv

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
)

// statusBoard shows the newest status to any number of readers. Writing never waits
// for a reader: a slow one misses values in between, never the newest.
type statusBoard struct {
	current atomic.Pointer[Status]

	mu      sync.Mutex    // guards changed
	changed chan struct{} // closed when current is replaced
}

// newStatusBoard returns a board that shows the status of a syncer that never ran.
func newStatusBoard() *statusBoard {
	b := &statusBoard{changed: make(chan struct{})}
	b.current.Store(&Status{Reason: "The syncer has not been started."})
	return b
}

// status returns the newest status.
func (b *statusBoard) status() *Status { return b.current.Load() }

// show replaces the status by next, numbered after the one before it.
func (b *statusBoard) show(next Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.putLocked(next)
}

// putLocked replaces the status. The caller holds the lock.
func (b *statusBoard) putLocked(next Status) {
	next.Seq = b.current.Load().Seq + 1
	b.current.Store(&next)
	close(b.changed)
	b.changed = make(chan struct{})
}

// correct replaces a status that turned out to be wrong, unless another one is
// shown by now.
func (b *statusBoard) correct(wrong *Status, right Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current.Load() == wrong {
		b.putLocked(right)
	}
}

// next returns a channel that is closed when the status after the one that is
// current now is shown. Take it before reading the status.
func (b *statusBoard) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// changes yields the current status if it is newer than seq, then each newer one, until ctx ends or
// the reader stops. The function current returns the status that is shown now.
func (b *statusBoard) changes(ctx context.Context, seq uint64, current func() *Status) iter.Seq[Status] {
	return func(yield func(Status) bool) {
		for {
			changed := b.next()
			if st := current(); st.Seq > seq {
				seq = st.Seq
				if !yield(*st) {
					return
				}
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

// wait returns once a status satisfies the condition, or ctx ends, or the run
// fails.
func (b *statusBoard) wait(ctx context.Context, cond func(Status) bool, current func() *Status) error {
	for st := range b.changes(ctx, 0, current) {
		if cond(st) {
			return nil
		}
		if st.Phase == Failed {
			return st.Err
		}
	}
	return context.Cause(ctx)
}
