package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// journal notes what happens, in order.
type journal struct {
	mu     sync.Mutex
	events []string
}

func (j *journal) note(event string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, event)
}

// untilTold is a service that takes a while to stop.
func (j *journal) untilTold(name string, takes time.Duration) service {
	return service{name: name, run: func(ctx context.Context) error {
		<-ctx.Done()
		<-time.After(takes) // virtual
		j.note(name)
		return nil
	}}
}

func TestServicesStopInReverseOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		err := runServices(ctx, slog.New(slog.DiscardHandler), []service{
			j.untilTold("peers", 0), j.untilTold("sync", 3*time.Second), j.untilTold("rpc", time.Second),
		})
		if err != nil {
			t.Errorf("a clean stop returned %v", err)
		}
		if want := []string{"rpc", "sync", "peers"}; !slices.Equal(j.events, want) {
			t.Errorf("stopped in the order %v, want %v", j.events, want)
		}
	})
}

func TestServiceThatEndsStopsTheOthers(t *testing.T) {
	trouble := errors.New("disk full")
	tests := []struct {
		name  string
		ends  error
		wants string
	}{
		{"with an error", trouble, "sync: disk full"},
		{"without one", nil, "sync: ended without being told to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j journal
			err := runServices(t.Context(), slog.New(slog.DiscardHandler), []service{
				j.untilTold("peers", 0),
				{name: "sync", run: func(context.Context) error { return tt.ends }},
				j.untilTold("rpc", 0),
			})
			if err == nil || err.Error() != tt.wants || !errors.Is(err, tt.ends) && tt.ends != nil {
				t.Errorf("got error %v, want %q", err, tt.wants)
			}
			if want := []string{"rpc", "peers"}; !slices.Equal(j.events, want) {
				t.Errorf("stopped in the order %v, want %v", j.events, want)
			}
		})
	}
}

func TestErrorWhileStoppingIsReturned(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	trouble := errors.New("disk full")
	err := runServices(ctx, slog.New(slog.DiscardHandler), []service{
		{name: "sync", run: func(ctx context.Context) error { <-ctx.Done(); return trouble }},
	})
	if !errors.Is(err, trouble) {
		t.Errorf("got %v, want %v", err, trouble)
	}
}

func TestStoppingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		err := runServices(ctx, slog.New(slog.DiscardHandler), []service{
			j.untilTold("peers", 0),
			{name: "sync", run: func(context.Context) error { <-release; return nil }},
			j.untilTold("rpc", 4*time.Second),
		})
		if err == nil || !strings.HasPrefix(err.Error(), "sync: did not stop") {
			t.Errorf("got %v, want an error that names the service", err)
		}
		if took := time.Since(began); took != stopWithin {
			t.Errorf("gave up after %v, want %v", took, stopWithin)
		}
		close(release)
	})
}
