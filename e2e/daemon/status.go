package daemon

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"
)

// Status is the part of the daemon's status that is tested.
type Status struct {
	Synced      bool
	Initialised bool
	Phase       string
	Reason      string
	Ratio       float64
	Peers       int
	Tip         struct {
		Height int64
		Hash   string
	}
	Stages    []Stage
	LastReorg *struct {
		Depth int
		Fork  struct{ Height int64 }
	}
}

// Stage is how far one stage of the sync has got.
type Stage struct {
	Name            string
	Current, Target int64
}

// Stage returns how far a stage has got, by its name.
func (s *Status) Stage(name string) Stage {
	for _, stage := range s.Stages {
		if stage.Name == name {
			return stage
		}
	}
	return Stage{Name: name}
}

// Status asks for the status.
func (d *Daemon) Status(ctx context.Context) (Status, error) {
	var s Status
	err := d.Call(ctx, "syncstatus", &s)
	return s, err
}

// Await asks until the status is as it should be, and returns that.
func (d *Daemon) Await(ctx context.Context, is func(*Status) bool) (Status, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		s, err := d.Status(ctx)
		if err != nil || is(&s) {
			return s, err
		}
		select {
		case <-tick.C:
		case <-d.proc.Done():
			return s, fmt.Errorf("spvd ended with exit code %d while %s at height %d", d.proc.ExitCode(), s.Phase, s.Tip.Height)
		case <-ctx.Done():
			return s, fmt.Errorf("wait for spvd, which is %s at height %d (%s): %w", s.Phase, s.Tip.Height, s.Reason, ctx.Err())
		}
	}
}

// Follow waits until the daemon is synced at a block.
func (d *Daemon) Follow(ctx context.Context, hash string) (Status, error) {
	return d.Await(ctx, func(s *Status) bool { return s.Synced && s.Tip.Hash == hash })
}

// Filter asks for a block's version 2 committed filter.
func (d *Daemon) Filter(ctx context.Context, hash string) ([]byte, error) {
	var r struct{ Filter string }
	if err := d.Call(ctx, "getcfilterv2", &r, hash); err != nil {
		return nil, err
	}
	filter, err := hex.DecodeString(r.Filter)
	if err != nil {
		return nil, fmt.Errorf("spvd filter of %s: %w", hash, err)
	}
	return filter, nil
}
