package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spvd/spvd/internal/bench/meter"
)

// week is the number of blocks of a week on the main network.
const week = 2016

// Row is one situation to measure.
type Row struct {
	Blocks    int
	Peers     int
	RoundTrip time.Duration
	Waypoints bool
}

// String names the row in the table.
func (r Row) String() string {
	waypoints := "no"
	if r.Waypoints {
		waypoints = "yes"
	}
	return fmt.Sprintf("%d | %d | %d ms | %s", r.Blocks, r.Peers, r.RoundTrip.Milliseconds(), waypoints)
}

// Rows returns all situations with chains of the given lengths.
func Rows(blocks ...int) []Row {
	var rows []Row
	for _, n := range blocks {
		for _, peers := range []int{1, 8} {
			for _, trip := range []time.Duration{0, 50 * time.Millisecond} {
				for _, waypoints := range []bool{false, true} {
					rows = append(rows, Row{n, peers, trip, waypoints})
				}
			}
		}
	}
	return rows
}

// Result is what was measured of a row. Each is that of the turn with the median
// wall time.
type Result struct {
	Row
	Payload int64    // bytes of all headers and filters
	First   Measured // the first sync; its parts are summed over all turns
	Floor   Measured
	Restart Measured // with nothing new
	Week    Measured // with the blocks of a week
}

// Config says how to measure.
type Config struct {
	Turns    int
	CacheDir string // where chains are kept
	Dir      string // where everything else goes, and is deleted from
	Profiles string // where profiles of the newest first sync go; empty for none
}

// Run measures a row.
func Run(ctx context.Context, cfg Config, r Row) (res Result, err error) {
	res.Row = r
	dir, err := os.MkdirTemp(cfg.Dir, "syncbench-")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var firsts, floors, restarts, weeks []Measured
	for range cfg.Turns {
		// Each turn has a server of its own, because the last one's has grown.
		srv, err := startServer(ctx, Service{r.Blocks, r.Peers, r.RoundTrip, cfg.CacheDir, dir})
		if err != nil {
			return res, err
		}
		t, err := takeTurn(ctx, cfg, srv, r, dir)
		if err = errors.Join(err, srv.stop()); err != nil {
			return res, fmt.Errorf("%v: %w", r, err)
		}
		res.Payload = t.payload
		firsts, floors = append(firsts, t.first), append(floors, t.floor)
		restarts, weeks = append(restarts, t.restart), append(weeks, t.week)
	}
	res.First, res.Floor, res.Restart, res.Week = median(firsts), median(floors), median(restarts), median(weeks)
	res.First.Parts = meter.Parts{}
	for _, m := range firsts {
		res.First.Parts.Add(m.Parts)
	}
	return res, nil
}

// turn is what was measured once.
type turn struct {
	payload                     int64
	first, floor, restart, week Measured
}

// takeTurn measures a row once.
func takeTurn(ctx context.Context, cfg Config, srv *server, r Row, dir string) (t turn, err error) {
	t.payload = srv.Payload
	flat, store := filepath.Join(dir, "flat"), filepath.Join(dir, "store")
	defer func() { err = errors.Join(err, os.RemoveAll(flat), os.RemoveAll(store)) }()
	if err := errors.Join(os.Mkdir(flat, 0o700), os.Mkdir(store, 0o700)); err != nil {
		return t, err
	}
	job := Job{Peers: srv.Addrs, Tip: srv.Tip, Dir: flat}
	if r.Waypoints {
		job.Waypoints = srv.Waypoints
	}
	if t.floor, err = measure(ctx, roleFloor, job); err != nil {
		return t, err
	}
	job.Dir, job.Profiles = store, cfg.Profiles
	if t.first, err = measure(ctx, roleSync, job); err != nil {
		return t, err
	}
	job.Profiles = ""
	if t.restart, err = measure(ctx, roleSync, job); err != nil {
		return t, err
	}
	if err := srv.extend(week); err != nil {
		return t, err
	}
	job.Tip = srv.Tip
	t.week, err = measure(ctx, roleSync, job)
	return t, err
}

// median returns the measurement with the median wall time.
func median(all []Measured) Measured {
	return meter.Median(all, func(m Measured) time.Duration { return m.Wall })
}
