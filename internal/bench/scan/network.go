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
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// waypointEvery is the distance of waypoints: about that of the embedded ones.
const waypointEvery = 16_384

// payEvery is the distance of the blocks that pay a busy wallet.
const payEvery = 5

// The wallets of first syncs over a network.
const (
	quiet     = "quiet"               // the first one of planOf: a few hundred payments
	busy      = "busy"                // paid in every fifth block, at the same few addresses
	busyFresh = "busy, new addresses" // the same, each time at an address that was not used before
)

// quietScripts and otherScripts are the wallets of the chain that quiet uses: those of
// the rescans, so that one generated chain serves both.
const (
	quietScripts = 400
	otherScripts = 1000
)

// NetworkRow is one first sync with a wallet over a network.
type NetworkRow struct {
	Blocks    int
	Peers     int
	RoundTrip time.Duration
	Waypoints bool
	Wallet    string

	First    meter.Usage
	Download meter.Usage // the floor: headers and filters,
	Match    meter.Usage // hashing and decoding,
	Fetch    meter.Usage // and the blocks that match
	Matching int         // how many these are
}

// String names the row in the table.
func (r NetworkRow) String() string {
	waypoints := "no"
	if r.Waypoints {
		waypoints = "yes"
	}
	return fmt.Sprintf("%d | %d | %d ms | %s | %s", r.Blocks, r.Peers, r.RoundTrip.Milliseconds(), waypoints, r.Wallet)
}

// busyBlocks is the length of the chain whose every fifth block pays.
const busyBlocks = 20_000

// NetworkRows returns all first syncs with a wallet over a network, with a chain of a
// given length for the quiet one.
func NetworkRows(blocks int) (rows []NetworkRow) {
	const trip = 50 * time.Millisecond
	for _, peers := range []int{1, 8} {
		for _, wallet := range []string{busy, busyFresh} {
			rows = append(rows, NetworkRow{Blocks: busyBlocks, Peers: peers, RoundTrip: trip, Wallet: wallet})
		}
		rows = append(rows, NetworkRow{Blocks: blocks, Peers: peers, RoundTrip: trip, Waypoints: true, Wallet: quiet})
	}
	return rows
}

// job returns the chain of a row, and what its processes have to do.
func (r *NetworkRow) job(ctx context.Context, cfg *Config) (*testnet.Chain, Job, error) {
	plan, job := testnet.Plan{}, Job{Scripts: quietScripts, Paid: paid(quietScripts), Account: 1}
	var err error
	if r.Wallet == quiet {
		plan, err = planOf(r.Blocks, []int{quietScripts, otherScripts})
	} else {
		job.Account = 9
		job.Scripts, job.Paid, err = planBusy(plan, r.Blocks, job.Account, r.Wallet == busyFresh)
	}
	if err != nil {
		return nil, job, err
	}
	c, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: r.Blocks, Start: testnet.DefaultStart(), Plan: plan, CacheDir: cfg.CacheDir})
	if err != nil {
		return nil, job, err
	}
	c.Warm()
	job.Tip = c.Height()
	for h := consensus.Height(waypointEvery); r.Waypoints && h <= c.Height(); h += waypointEvery {
		job.Waypoints = append(job.Waypoints, c.ID(h))
	}
	return c, job, nil
}

// RunNetwork measures first syncs over a network.
func RunNetwork(ctx context.Context, cfg Config, rows []NetworkRow) error {
	for i := range rows {
		if err := cfg.network(ctx, &rows[i]); err != nil {
			return fmt.Errorf("%v: %w", rows[i], err)
		}
	}
	return nil
}

// network measures a row.
func (cfg *Config) network(ctx context.Context, r *NetworkRow) error {
	c, job, err := r.job(ctx, cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network := testnet.NewNetwork(1, nil)
	g, ctx := errgroup.WithContext(ctx)
	for i := range r.Peers {
		// Clients care about hosts: each node has one of its own.
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", i+1))
		if err != nil {
			cancel()
			return errors.Join(err, g.Wait())
		}
		addr := l.Addr().String()
		host := network.Add(addr, testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{Latency: r.RoundTrip / 2})
		g.Go(func() error { return network.ServeTCP(ctx, host, l) })
		job.Peers = append(job.Peers, addr)
	}
	g.Go(func() error { return network.Run(ctx) })
	g.Go(func() error {
		defer cancel()
		took := make(map[string][]meter.Usage)
		for range cfg.Turns {
			if err := cfg.networkTurn(ctx, job, took); err != nil {
				return err
			}
		}
		r.First, r.Download = median(took[taskFirst]), median(took[taskDownload])
		r.Match, r.Fetch = median(took[taskFloor]), median(took[taskFetch])
		r.Matching = r.Fetch.Items
		return nil
	})
	return g.Wait()
}

// networkTurn measures everything of a row once.
func (cfg *Config) networkTurn(ctx context.Context, job Job, took map[string][]meter.Usage) (err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "scanbench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	flat := filepath.Join(dir, "flat")
	if err := os.Mkdir(flat, 0o700); err != nil {
		return err
	}
	for _, task := range []string{taskDownload, taskFirst, taskFloor, taskFetch} {
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
