package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
)

// Memory is given back once a sync is over, and at most once a minute however often the
// chain is caught up with.
func TestMemoryIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := newFakeLoop()
		var freed atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var wg sync.WaitGroup
		wg.Go(func() { ended <- newGarbage(loop, func() { freed.Add(1) }).Serve(ctx) })
		show := func(phase spv.Phase, synced bool, want int32) {
			t.Helper()
			loop.statuses <- spv.Status{Phase: phase, Synced: synced}
			synctest.Wait()
			if freed.Load() != want {
				t.Errorf("%v, synced %t: freed %d times, want %d", phase, synced, freed.Load(), want)
			}
		}
		show(spv.CatchingUp, false, 0)
		show(spv.Following, false, 0)
		show(spv.Following, true, 1)
		show(spv.Following, false, 1)
		show(spv.Following, true, 1)
		show(spv.CatchingUp, false, 1)
		show(spv.Following, true, 1)
		if err := wait.For(t.Context(), freeEvery); err != nil {
			t.Fatal(err)
		}
		show(spv.Following, true, 2)
		show(spv.Rescanning, true, 2)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
