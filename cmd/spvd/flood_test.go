//go:build unix

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// TestASyncGoesOnUnderAFlood syncs over a line that takes a while, while clients
// send batches as fast as they are answered. The status is answered meanwhile, within
// a bound that a busy machine keeps.
func TestASyncGoesOnUnderAFlood(t *testing.T) {
	const length, bound = 2500, 10 * time.Second
	ns := serveChain(t, 1, testnet.Config{Seed: 1, Blocks: length}, link.Shape{Bandwidth: 2 << 20})
	dir := t.TempDir()
	d := startDaemon(t, append([]string{"--appdata", dir, "--notls", "--nofilelogging"}, ns.flags...)...)
	client := dial(t, d, dir)
	ctx, cancel := context.WithCancel(t.Context())
	c := crowd{task: task{Clients: 40, URL: client.url, User: client.user, Password: client.password}}
	defer c.running.Wait()
	defer cancel()
	if err := c.flood(ctx); err != nil {
		t.Fatal(err)
	}
	d.await(t, fmt.Sprintf("Synced at height %d", length))
	var st api.SyncStatus
	for {
		// A client without a connection of its own has its turn among the others.
		if refused, err := client.try(t.Context(), "syncstatus", "[]", &st); err == nil && refused == nil {
			break
		}
	}
	if !st.Synced {
		t.Errorf("after the sync the status is %+v", st)
	}
	late := time.Now().Add(time.Minute) // an answer to a batch is megabytes, and two are made at a time
	for c.answered.Load() == 0 || c.refused.Load() == 0 {
		if time.Now().After(late) {
			t.Fatalf("of the flood %d requests were answered and %d refused: it was none", c.answered.Load(), c.refused.Load())
		}
		_, _ = client.try(t.Context(), "syncstatus", "[]", &st) // takes its turn
	}
	if slowest := time.Duration(c.slowest.Load()); slowest == 0 || slowest > bound {
		t.Errorf("the slowest answer to a client that behaves took %v", slowest)
	}
}
