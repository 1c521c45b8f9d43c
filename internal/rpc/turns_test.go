package rpc

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/method"
)

// TestCallsTakeTurns runs batches at once and counts those that work.
func TestCallsTakeTurns(t *testing.T) {
	var working, most atomic.Int64
	work := func(context.Context, *method.Call) (any, error) {
		most.Store(max(most.Load(), working.Add(1)))
		defer working.Add(-1)
		for range 1000 {
			working.Load() // gives others the chance to be there too
		}
		return nil, nil
	}
	met := make(chan struct{})
	d := &dispatcher{
		methods: &method.Registry{Methods: []method.Method{
			{Name: "work", Reads: true, Handle: work},
			// Two calls of it only end when they meet.
			{Name: "wait", Reads: true, Waits: true, Handle: func(ctx context.Context, _ *method.Call) (any, error) {
				select {
				case met <- struct{}{}:
				case <-met:
				case <-ctx.Done():
				}
				return nil, ctx.Err()
			}},
		}},
		batch: 100, replyBytes: 1 << 20, callTime: time.Minute, log: slog.New(slog.DiscardHandler), turns: make(slots, 2),
	}
	var clients sync.WaitGroup
	answer := func(message string) {
		clients.Go(func() {
			if raw, _, _ := d.answer(t.Context(), &caller{}, []byte(message), nil); strings.Contains(string(raw), `"code"`) {
				reply := string(raw)
				t.Errorf("got %s", reply)
			}
		})
	}
	for range 10 {
		answer("[" + strings.Repeat(`{"method":"work","id":1},`, 99) + `{"method":"work","id":1}]`)
	}
	answer(`{"method":"wait","id":1}`)
	answer(`{"method":"wait","id":1}`)
	clients.Wait()
	if most.Load() > 2 {
		t.Errorf("%d calls were worked on at once, there are 2 turns", most.Load())
	}
	if len(d.turns) != 0 {
		t.Errorf("%d turns have not ended", len(d.turns))
	}

	// A call that gets no turn in time gets an error.
	d.turns = make(slots)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if reply, _, _ := d.answer(ctx, &caller{}, []byte(`{"method":"work","id":1}`), nil); !strings.Contains(string(reply), "given up") {
		t.Errorf("without turns: %s", reply)
	}
}
