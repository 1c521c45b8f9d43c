package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/spv"
)

// waitingEvery is the time between two log lines about the missing condition.
const waitingEvery = 30 * time.Second

// syncing is the source of the status for a sprint.
type syncing interface {
	// Status returns the current status.
	Status() spv.Status

	// Wait returns nil once a status satisfies the condition, and an error when the
	// run fails or ctx ends.
	Wait(ctx context.Context, cond func(spv.Status) bool) error
}

// sprint is a run of the daemon that ends when it is synced.
type sprint struct {
	syncer  syncing
	log     *slog.Logger
	timeout time.Duration // zero for none
	stop    func()        // ends the daemon as a signal does
}

// newSprint returns the service that ends the daemon once it is synced, none without --until.
func newSprint(cfg *settings.Config, syncer syncing, log *slog.Logger, stop func()) []orchestrator.Worker {
	if cfg.Until == "" {
		return nil
	}
	s := &sprint{syncer: syncer, log: log, timeout: cfg.Timeout, stop: stop}
	return []orchestrator.Worker{{Name: "--until=" + settings.UntilSynced, Serve: s.run}}
}

// run waits until the daemon is synced and stops it. It returns an error with the missing
// condition if that takes too long.
func (s *sprint) run(ctx context.Context) error {
	began := time.Now()
	for ctx.Err() == nil {
		due := time.Now().Add(waitingEvery)
		if s.timeout > 0 && due.After(began.Add(s.timeout)) {
			due = began.Add(s.timeout)
		}
		switch err := s.wait(ctx, due); {
		case err == nil:
			s.log.Info("Synced, which ends the daemon as --until says", "height", s.syncer.Status().Tip.Height)
			s.stop()
			<-ctx.Done()
		case ctx.Err() != nil:
		case !errors.Is(err, context.DeadlineExceeded): // the sync has failed, which ends the daemon
			<-ctx.Done()
		case s.timeout > 0 && time.Since(began) >= s.timeout:
			return fmt.Errorf("not synced within %v: %s", s.timeout, s.missing())
		default:
			s.log.Info("Not synced yet: " + s.missing())
		}
	}
	return nil
}

// wait waits until the daemon is synced, or until due.
func (s *sprint) wait(ctx context.Context, due time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, due)
	defer cancel()
	return s.syncer.Wait(ctx, spv.Synced)
}

// missing returns the condition that is missing, and what the user can do.
func (s *sprint) missing() string {
	st := s.syncer.Status()
	if st.Hint == "" {
		return st.Reason
	}
	return st.Reason + " " + st.Hint
}
