package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// stopWithin is how long all services together may take to stop.
const stopWithin = 10 * time.Second

// service is a part of the daemon that runs until its context ends.
type service struct {
	name string
	run  func(context.Context) error
}

// running is a service that was started.
type running struct {
	service
	stop context.CancelFunc
	done chan struct{} // closed after err is set
	err  error
}

// runServices starts services, each of which may use the ones before it. When ctx ends, or
// one of them returns, it stops them in reverse order: none is stopped while another one that
// uses it runs. It returns the first error; a service that returns early is one. After
// stopWithin it gives up on a service that does not stop, and leaves the rest to the end of
// the process.
func runServices(ctx context.Context, log *slog.Logger, services []service) error {
	started := make([]*running, len(services))
	ended := make(chan *running, len(services))
	var wg sync.WaitGroup
	for i, s := range services {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		r := &running{service: s, stop: stop, done: make(chan struct{})}
		started[i] = r
		wg.Go(func() {
			defer close(r.done)
			r.err = r.run(own)
			ended <- r
		})
	}

	var first error
	select {
	case <-ctx.Done():
		log.Info("Stopping")
	case r := <-ended:
		first = r.failure()
		log.Error("Stopping because a service has ended", "service", r.name, "err", first)
	}
	if err := stopAll(started); err != nil {
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

// stopAll stops services in reverse order.
func stopAll(started []*running) error {
	deadline := wait.NewTimer(stopWithin)
	defer deadline.Stop()
	for i := len(started) - 1; i >= 0; i-- {
		r := started[i]
		r.stop()
		select {
		case <-r.done:
		case <-deadline.C():
			return fmt.Errorf("%s: did not stop within %v", r.name, stopWithin)
		}
	}
	return nil
}

// failure returns the error for a service that has ended.
func (r *running) failure() error {
	if r.err == nil {
		return fmt.Errorf("%s: ended without being told to", r.name)
	}
	return fmt.Errorf("%s: %w", r.name, r.err)
}
