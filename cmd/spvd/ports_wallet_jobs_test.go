package main

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// TestAJobIsNotDoneBeforeTheChainIsKnown: whoever imports an account while offline is
// not told that all its payments were found.
func TestAJobIsNotDoneBeforeTheChainIsKnown(t *testing.T) {
	atEnd := wallet.Job{State: wallet.JobDone, From: 1, At: 10, Target: 10, Began: time.Unix(1, 0)}
	ended := atEnd
	ended.Ended = time.Unix(2, 0)
	for _, tt := range []struct {
		job      wallet.Job
		status   spv.Status
		state    string
		progress float64
	}{
		{atEnd, spv.Status{Initialised: true}, api.JobRunning, 0},
		{atEnd, spv.Status{Initialised: true, Ratio: 0.5}, api.JobRunning, 0.5},
		{atEnd, spv.Status{Initialised: true, FirstSyncDone: true, Ratio: 1}, api.JobDone, 1},
		{ended, spv.Status{Initialised: true}, api.JobDone, 1},
	} {
		if got := jobOf("default", &tt.job, &tt.status); got.State != tt.state || got.Progress != tt.progress {
			t.Errorf("%+v, first sync done %v: %+v", tt.job, tt.status.FirstSyncDone, got)
		}
	}
}
