//go:build !linux

package hooks

import "context"

// canReap is false: processes that have lost their parent are those of the system's init.
const canReap = false

// Reap waits until ctx ends.
func (r *Runner) Reap(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// reapLocked is not called: this is not process 1.
func (r *Runner) reapLocked() {}
