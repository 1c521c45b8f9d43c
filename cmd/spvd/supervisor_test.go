package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/spv"
)

// fakeLoop is a syncer whose loop turns as the test says.
type fakeLoop struct {
	statuses chan spv.Status
	now      atomic.Pointer[spv.Status]
	turned   atomic.Pointer[time.Time]
}

func newFakeLoop() *fakeLoop {
	f := &fakeLoop{statuses: make(chan spv.Status)}
	f.show(spv.Status{Reason: "Opening the chain store."})
	f.turned.Store(&time.Time{})
	return f
}

func (f *fakeLoop) show(st spv.Status) { f.now.Store(&st) }

// turn lets the loop begin a turn.
func (f *fakeLoop) turn() {
	now := time.Now()
	f.turned.Store(&now)
}

// Status implements supervised.
func (f *fakeLoop) Status() spv.Status { return *f.now.Load() }

// Turned implements supervised.
func (f *fakeLoop) Turned() time.Time { return *f.turned.Load() }

// Changes implements supervised.
func (f *fakeLoop) Changes(ctx context.Context, _ uint64) iter.Seq[spv.Status] {
	return func(yield func(spv.Status) bool) {
		for st := f.Status(); yield(st); {
			select {
			case st = <-f.statuses:
				f.show(st)
			case <-ctx.Done():
				return
			}
		}
	}
}

// manager records the notifications that it gets.
type manager struct {
	mu   sync.Mutex
	told []string
	gone bool
}

func (m *manager) tell(messages ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return errors.New("gone")
	}
	m.told = append(m.told, strings.Join(messages, " "))
	return nil
}

// since returns what was told since it was last asked.
func (m *manager) since() []string {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	told := m.told
	m.told = nil
	return told
}

// supervise runs a supervisor with a watchdog of nine seconds in a bubble of virtual
// time.
func supervise(t *testing.T, test func(t *testing.T, f *fakeLoop, m *manager, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		f, m := newFakeLoop(), &manager{}
		s := &supervisor{syncer: f, log: slog.New(slog.DiscardHandler), watchdog: 9 * time.Second, tell: m.tell}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := s.run(ctx); err != nil {
				t.Errorf("run returned %v", err)
			}
		})
		test(t, f, m, cancel)
		cancel()
		running.Wait()
	})
}

func expectTold(t *testing.T, m *manager, want ...string) {
	t.Helper()
	if got := m.since(); !slices.Equal(got, want) {
		t.Errorf("the manager was told %q, want %q", got, want)
	}
}

func TestSupervisorTellsReadinessOnce(t *testing.T) {
	supervise(t, func(t *testing.T, f *fakeLoop, m *manager, stop func()) {
		expectTold(t, m, "STATUS=Opening the chain store.")
		f.statuses <- spv.Status{Reason: "Checking what the last run left."}
		expectTold(t, m, "STATUS=Checking what the last run left.")
		f.statuses <- spv.Status{Initialised: true, Ratio: 0.5, Reason: "Fetching."}
		expectTold(t, m, "READY=1 STATUS=50.0 %: Fetching.", "STATUS=50.0 %: Fetching. WATCHDOG=1")
		f.show(spv.Status{Initialised: true, Synced: true, Ratio: 1, Reason: "Synced.", Warnings: []spv.Warning{{Text: "Old."}, {Text: "New."}}})
		pass(tellEvery)
		expectTold(t, m, "STATUS=Synced. New. WATCHDOG=1")
		pass(tellEvery)
		expectTold(t, m, "WATCHDOG=1")
		f.show(spv.Status{Initialised: true, Ready: true, Ratio: 0.999, Reason: "A block has come."})
		pass(tellEvery)
		expectTold(t, m, "WATCHDOG=1")
		f.show(spv.Status{Reason: "Repairing."})
		pass(tellEvery)
		expectTold(t, m, "STATUS=Repairing. WATCHDOG=1")
		stop()
		expectTold(t, m, "STOPPING=1 STATUS=Stopping.")
	})
}

// TestSupervisorIsSilentWhenTheSyncHangs: a manager with a watchdog then ends the
// daemon.
func TestSupervisorIsSilentWhenTheSyncHangs(t *testing.T) {
	supervise(t, func(t *testing.T, f *fakeLoop, m *manager, _ func()) {
		f.statuses <- spv.Status{Initialised: true, Synced: true, Reason: "Synced."}
		f.turn()
		m.since()
		pass(hungAfter)
		if told := m.since(); len(told) != int(hungAfter/tellEvery) {
			t.Errorf("within %v the manager was told %q", hungAfter, told)
		}
		pass(time.Minute)
		expectTold(t, m)
		f.turn()
		pass(tellEvery)
		expectTold(t, m, "WATCHDOG=1")
	})
}

func TestSupervisorOutlivesTheManager(t *testing.T) {
	supervise(t, func(t *testing.T, f *fakeLoop, m *manager, _ func()) {
		expectTold(t, m, "STATUS=Opening the chain store.") // before the manager goes
		m.mu.Lock()
		m.gone = true
		m.mu.Unlock()
		f.statuses <- spv.Status{Initialised: true, Synced: true, Reason: "Synced."}
		pass(time.Minute)
		synctest.Wait() // the report of that instant is over
		m.mu.Lock()
		m.gone = false
		m.mu.Unlock()
		pass(tellEvery)
		expectTold(t, m, "WATCHDOG=1")
	})
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }
