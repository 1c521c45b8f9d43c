package bench

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/spvd/spvd/internal/bench/client"
	"github.com/spvd/spvd/internal/bench/floor"
	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// Job is what a measured process has to do.
type Job struct {
	Peers     []string
	Dir       string // where the store or the flat files are or go
	Tip       consensus.Height
	Waypoints string // the file to read them from; empty for none
	Profiles  string // the directory for profiles of a sync; empty for none
	Log       *slog.Logger
}

// Measured is what a process has measured of itself.
type Measured struct {
	meter.Usage
	Stored int64 // bytes in the files that it has left
}

// params returns the rules of the network with the waypoints.
func (j *Job) params() (*consensus.Params, error) {
	p := consensus.SimNet()
	if j.Waypoints == "" {
		return p, nil
	}
	text, err := os.ReadFile(j.Waypoints)
	if err != nil {
		return nil, err
	}
	p.Waypoints, err = consensus.ParseWaypoints(j.Waypoints, text)
	return p, err
}

// Sync measures a sync to the tip, from whatever the store has on.
func Sync(ctx context.Context, j Job) (Measured, error) {
	p, err := j.params()
	if err != nil {
		return Measured{}, err
	}
	return j.measure(parts(), func() error { return j.sync(ctx, p) })
}

// Floor measures the least that it could take.
func Floor(ctx context.Context, j Job) (Measured, error) {
	p, err := j.params()
	if err != nil {
		return Measured{}, err
	}
	return j.measure(nil, func() error {
		return floor.Run(ctx, floor.Config{Params: p, Peers: j.Peers, Dir: j.Dir, Tip: j.Tip, Waypoints: p.Waypoints})
	})
}

// measure measures what do does.
func (j *Job) measure(rules []meter.Rule, do func() error) (Measured, error) {
	file := ""
	if j.Profiles != "" {
		file = filepath.Join(j.Profiles, "cpu.pprof")
	}
	u, err := meter.Measure(rules, file, do)
	if err != nil {
		return Measured{}, err
	}
	stored, err := sizeOf(j.Dir)
	return Measured{u, stored}, err
}

// sync runs the client until it is synced to the tip.
func (j *Job) sync(ctx context.Context, p *consensus.Params) error {
	cfg := client.Config{Params: p, Peers: j.Peers, Dir: j.Dir, Tip: j.Tip, Log: j.Log}
	if j.Profiles != "" {
		cfg.Beside = j.heapProfile
	}
	return client.Run(ctx, cfg)
}

// heapProfile writes a profile of the memory in use when half of the headers are stored,
// which is when all parts of the sync are at work.
func (j *Job) heapProfile(ctx context.Context, s *spv.Syncer) (err error) {
	if err := s.Wait(ctx, func(st spv.Status) bool { return st.Headers.Current >= j.Tip/2 }); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(j.Profiles, "heap.pprof"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return pprof.WriteHeapProfile(f)
}

// sizeOf returns the bytes in the files of a directory.
func sizeOf(dir string) (int64, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return 0, err
		}
		sum += info.Size()
	}
	return sum, nil
}
