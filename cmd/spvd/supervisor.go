package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/systemd"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
)

const (
	// tellEvery is the shortest time between two status messages: the status changes several
	// times a second.
	tellEvery = 2 * time.Second

	// hungAfter is how long one turn of the syncer's loop, which has several a second, may
	// take before the loop counts as hung. The slowest disks take some seconds for one write.
	hungAfter = 30 * time.Second
)

// supervised is the source of the messages to a supervisor.
type supervised interface {
	// Status returns the current status.
	Status() spv.Status

	// Changes yields the current status if its Seq is greater than from, then each
	// newer one until ctx ends.
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]

	// Turned returns when the loop last began a turn; zero while there is none.
	Turned() time.Time
}

// supervisor keeps a service manager informed.
type supervisor struct {
	syncer   supervised
	log      *slog.Logger
	watchdog time.Duration // zero without a watchdog
	tell     func(messages ...string) error

	hung   bool
	shown  string // the status that was sent last
	failed bool   // the last message was not sent
}

// newSupervisor returns the service that informs the manager named by the environment, none
// without one.
func newSupervisor(syncer supervised, environ []string, log *slog.Logger) []orchestrator.Worker {
	manager, err := systemd.Find(environ)
	if err != nil {
		log.Warn("The service manager is not kept informed", "err", err)
	}
	if manager == nil {
		return nil
	}
	s := &supervisor{syncer: syncer, log: log, watchdog: manager.Watchdog, tell: manager.Tell}
	return []orchestrator.Worker{{Name: "supervisor", Serve: s.run}}
}

// run informs the manager until ctx ends: that the daemon is ready once chain data can be
// read, and from then on in time for the watchdog, which starts then. Readiness is sent once:
// the status shows if it is lost.
func (s *supervisor) run(ctx context.Context) error {
	for st := range s.syncer.Changes(ctx, 0) {
		if st.Initialised {
			s.send(systemd.Ready, systemd.Status(statusLine(&st)))
			break
		}
		s.send(systemd.Status(statusLine(&st)))
	}
	for {
		s.report()
		if wait.For(ctx, s.interval()) != nil {
			s.send(systemd.Stopping, systemd.Status("Stopping."))
			return nil
		}
	}
}

// interval returns the time between two messages: the manager expects at least two within the
// time of its watchdog.
func (s *supervisor) interval() time.Duration {
	if s.watchdog > 0 {
		return min(tellEvery, s.watchdog/3)
	}
	return tellEvery
}

// report sends the changes since the last call, and that the sync is alive.
func (s *supervisor) report() {
	var messages []string
	st := s.syncer.Status()
	if text := statusLine(&st); text != s.shown && (st.Synced || !st.Ready) { // not for the moment of a new block
		s.shown = text
		messages = append(messages, systemd.Status(text))
	}
	if s.watchdog > 0 && s.alive(time.Now()) {
		messages = append(messages, systemd.Alive)
	}
	if len(messages) > 0 {
		s.send(messages...)
	}
}

// statusLine is the status in one line.
func statusLine(st *spv.Status) string {
	line := st.Reason
	if !st.Synced && st.Initialised {
		line = fmt.Sprintf("%.1f %%: %s", float64(int(st.Ratio*1000))/10, st.Reason)
	}
	if len(st.Warnings) > 0 {
		line += " " + st.Warnings[len(st.Warnings)-1].Text
	}
	return line
}

// alive reports whether the syncer's loop runs. The manager restarts a daemon whose loop
// hangs, because it gets no more messages.
func (s *supervisor) alive(now time.Time) bool {
	hung := !turns(s.syncer, now)
	if hung && !s.hung {
		s.log.Error("The sync hangs: the watchdog of the service manager is no longer reset", "since", s.syncer.Turned())
	}
	s.hung = hung
	return !hung
}

// turns reports whether the loop of a syncer runs, or there is none.
func turns(syncer interface{ Turned() time.Time }, now time.Time) bool {
	at := syncer.Turned()
	return at.IsZero() || now.Sub(at) <= hungAfter
}

// send sends messages. If the manager cannot be reached that is logged once, and the sync
// goes on.
func (s *supervisor) send(messages ...string) {
	err := s.tell(messages...)
	if err != nil && !s.failed {
		s.log.Warn("The service manager cannot be reached", "err", err)
	}
	s.failed = err != nil
}
