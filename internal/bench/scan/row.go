package scan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/internal/bench/process"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// Config says what to measure and how.
type Config struct {
	Blocks   int
	Scripts  []int // one row for each number of scripts
	Turns    int
	MatchAny bool   // measure gcs/v4 as well
	CacheDir string // where chains are kept
	Dir      string // where everything else goes, and is deleted from
	Profiles string // where profiles of the newest turn go; empty for none
}

// Row is what was measured with a number of scripts. Each is that of the turn with
// the median wall time.
type Row struct {
	Blocks, Scripts int
	Rescan, Floor   meter.Usage
	Match, MatchAny meter.Usage // of matching alone
	First, Download meter.Usage // of the first sync with discovery, and its other floor
}

// Run measures all rows.
func Run(ctx context.Context, cfg Config) (rows []Row, err error) {
	if len(cfg.Scripts) == 0 {
		return nil, nil
	}
	plan, err := planOf(cfg.Blocks, cfg.Scripts)
	if err != nil {
		return nil, err
	}
	c, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: cfg.Blocks, Start: testnet.DefaultStart(), Plan: plan, CacheDir: cfg.CacheDir})
	if err != nil {
		return nil, err
	}
	c.Warm()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network := testnet.NewNetwork(1, nil)
	host := network.Add(l.Addr().String(), testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return network.Run(ctx) })
	g.Go(func() error { return network.ServeTCP(ctx, host, l) })
	g.Go(func() error {
		defer cancel()
		for i, scripts := range cfg.Scripts {
			job := Job{Peers: []string{l.Addr().String()}, Tip: c.Height(), Account: byte(i + 1), Scripts: scripts, Paid: paid(scripts)}
			row, err := cfg.row(ctx, job)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, g.Wait()
}

// row measures a row.
func (cfg *Config) row(ctx context.Context, job Job) (Row, error) {
	took := make(map[string][]meter.Usage)
	for range cfg.Turns {
		if err := cfg.turn(ctx, job, took); err != nil {
			return Row{}, err
		}
	}
	row := Row{Blocks: cfg.Blocks, Scripts: job.Scripts, Rescan: median(took[taskRescan]), Floor: median(took[taskFloor]),
		Match: median(took[taskMatch]), First: median(took[taskFirst]), Download: median(took[taskDownload])}
	if cfg.MatchAny {
		row.MatchAny = median(took[taskMatchAny])
	}
	row.Rescan.Parts = meter.Parts{}
	for _, u := range took[taskRescan] {
		row.Rescan.Parts.Add(u.Parts)
	}
	return row, nil
}

// turn measures everything of a row once.
func (cfg *Config) turn(ctx context.Context, job Job, took map[string][]meter.Usage) (err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "scanbench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	flat := filepath.Join(dir, "flat")
	if err := os.Mkdir(flat, 0o700); err != nil {
		return err
	}
	tasks := []string{taskDownload, taskFirst, taskFloor, taskRescan, taskMatch}
	if cfg.MatchAny {
		tasks = append(tasks, taskMatchAny)
	}
	for _, task := range tasks {
		job.Task, job.Dir, job.Profiles = task, dir, cfg.Profiles
		if task == taskDownload {
			job.Dir = flat
		}
		u, err := measure(ctx, job)
		if err != nil {
			return err
		}
		took[task] = append(took[task], u)
	}
	return nil
}

// measure has a process of its own do a job.
func measure(ctx context.Context, job Job) (u meter.Usage, err error) {
	fmt.Fprintf(os.Stderr, "%d scripts: %s\n", job.Scripts, job.Task)
	cmd, err := process.Command(ctx, role, job)
	if err != nil {
		return u, err
	}
	process.CollectAsDaemon(cmd)
	before := meter.CPU()
	err = process.Result(cmd, &u)
	u.Served = meter.CPU() - before
	return u, err
}

// median returns the usage with the median wall time.
func median(all []meter.Usage) meter.Usage {
	return meter.Median(all, func(u meter.Usage) time.Duration { return u.Wall })
}
