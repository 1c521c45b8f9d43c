package feed

import (
	"context"
	"fmt"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestNoMoreFramesAreKept has more clients than frames are kept for.
func TestNoMoreFramesAreKept(t *testing.T) {
	var s cache
	for i := range 2 * keptFrames {
		key := fmt.Sprint(i)
		got, err := s.frame(key, func() ([]byte, error) { return []byte(key), nil })
		if err != nil || string(got) != key {
			t.Errorf("frame %s: %s, %v", key, got, err)
		}
	}
	if len(s.frames.made) > keptFrames {
		t.Errorf("%d frames are kept", len(s.frames.made))
	}
}

// TestAFailureIsNotShared has a reading fail for one client only, as when it leaves.
func TestAFailureIsNotShared(t *testing.T) {
	var s cache
	read := func(ctx context.Context) func() ([]api.Job, error) {
		return func() ([]api.Job, error) { return []api.Job{{ID: 1}}, ctx.Err() }
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.jobList("default", read(left)); err == nil {
		t.Error("a client that has left gets jobs")
	}
	if jobs, err := s.jobList("default", read(t.Context())); err != nil || len(jobs) != 1 {
		t.Errorf("another one gets %v, %v", jobs, err)
	}
}
