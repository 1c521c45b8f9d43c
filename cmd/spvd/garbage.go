package main

import (
	"context"
	"iter"
	"os"
	"runtime/debug"
	"time"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/spv"
)

// gcPercent is how much the heap may grow, in percent of what is in use, before
// garbage is collected. Most of what is in use during a sync are buffers without
// pointers, which cost a collection next to nothing: half of what Go does by
// default takes little more processor time and much less memory, see
// docs/performance.md.
const gcPercent = 50

// tuneGarbage sets gcPercent, unless the user has set the variable of the Go runtime.
func tuneGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// freeEvery is the shortest time between two collections of newGarbage, because peers can make
// the sync catch up repeatedly.
const freeEvery = time.Minute

// followed is the source of the status.
type followed interface {
	// Changes yields the current status if its Seq is greater than from, then each newer one
	// until ctx ends. A slow caller misses values in between, never the newest.
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]
}

// newGarbage returns the service that returns memory to the system after a sync or a rescan:
// their memory is not needed for long, and Go would keep most of it.
func newGarbage(syncer followed, free func()) orchestrator.Worker {
	return orchestrator.Worker{Name: "memory", Serve: func(ctx context.Context) error {
		busy, last := true, time.Time{}
		for st := range syncer.Changes(ctx, 0) {
			switch {
			case st.Phase != spv.Following || !st.Synced:
				busy = busy || st.Phase == spv.Importing || st.Phase == spv.CatchingUp || st.Phase == spv.Rescanning
			case busy && (last.IsZero() || time.Since(last) >= freeEvery):
				busy, last = false, time.Now()
				free()
			}
		}
		return nil
	}}
}
