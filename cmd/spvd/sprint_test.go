package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/spv"
)

// lonely is a syncer that never gets anywhere.
type lonely struct{}

// Status implements syncing.
func (lonely) Status() spv.Status {
	return spv.Status{Reason: "No peer is connected.", Hint: "Check the network connection."}
}

// Wait implements syncing.
func (lonely) Wait(ctx context.Context, _ func(spv.Status) bool) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// TestSprintSaysWhatItWaitsFor: who has no timeout hears twice a minute why it takes
// so long.
func TestSprintSaysWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &sprint{syncer: lonely{}, log: logging.New(&out, logging.Text, "SPVD").Logger("SPVD")}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute+time.Second)
		defer cancel()
		if err := s.run(ctx); err != nil {
			t.Errorf("run returned %v", err)
		}
		const line = "[INF] SPVD: Not synced yet: No peer is connected. Check the network connection.\n"
		if n := strings.Count(out.String(), line); n != 6 {
			t.Errorf("in three minutes it said so %d times:\n%s", n, out.String())
		}
	})
}
