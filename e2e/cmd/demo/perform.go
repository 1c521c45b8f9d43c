package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proxy"
)

const (
	// chainBlocks is the length of the chain: 143 blocks before the first votes
	// and 321 with them.
	chainBlocks = 464

	// moreBlocks are mined once spvd is synced.
	moreBlocks = 5

	// payments is the number of payments per block.
	payments = 3

	// mineStep is after how many blocks the progress is shown.
	mineStep = 8

	// incomeEvery is after how many blocks the account that spvd will watch is paid:
	// twice, before spvd starts.
	incomeEvery = 200

	// slowness delays every message of the sync that is to be watched, which is
	// over in the blink of an eye otherwise.
	slowness = 600 * time.Millisecond

	// buildLimit is for machines that are slow, busy, or far from the modules;
	// actLimit is for a demo that is stuck.
	buildLimit = 20 * time.Minute
	actLimit   = 2 * time.Minute

	// stopTime bounds how long a program may take to stop.
	stopTime = 10 * time.Second
)

// errLeft says that not all that was done could be undone.
var errLeft = errors.New("something was left behind")

// performance is one run of the demo.
type performance struct {
	show     *printer
	dir      string // the temporary directory
	dcrd     string // the program
	programs daemon.Programs
	node     *node.Node
	miner    *miner.Miner
	wire     *proxy.Proxy
	daemon   *daemon.Daemon
	account  *account
	incomes  int              // of the account so far
	blocks   []*wire.MsgBlock // that were read so far, by height
	count    miner.Count

	ends []func(context.Context) error // what undoes what was done, in the order it was done
}

// perform runs the demo. Whatever happens, nothing it started or wrote is left
// when it returns.
func perform(ctx context.Context, show *printer) (err error) {
	dir, err := os.MkdirTemp("", "spvd-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	p := &performance{show: show, dir: dir}
	p.atEnd(func(context.Context) error { return os.RemoveAll(dir) })
	defer func() { err = errors.Join(err, p.tidyUp()) }()
	for _, act := range []struct {
		limit time.Duration
		do    func(context.Context) error
	}{
		{buildLimit, p.build},
		{actLimit, p.startNode},
		{actLimit, p.mine},
		{actLimit, p.sync},
		{actLimit, p.showAccount},
		{actLimit, p.follow},
		{actLimit, p.showAccount},
		{actLimit, p.compare},
		{actLimit, p.compareAccount},
		{actLimit, p.syncAgain},
		{actLimit, p.finish},
	} {
		if err := within(ctx, act.limit, act.do); err != nil {
			return err
		}
	}
	return nil
}

// within does a thing that should not take longer than the limit.
func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("gave up after %v: %w", limit, err)
	}
	return err
}

// atEnd notes what undoes a thing that was just done.
func (p *performance) atEnd(undo func(context.Context) error) { p.ends = append(p.ends, undo) }

// tidyUp undoes all that was done, the latest first. That the demo is
// interrupted does not hurry it.
func (p *performance) tidyUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*stopTime)
	defer cancel()
	var errs []error
	for _, undo := range slices.Backward(p.ends) {
		errs = append(errs, undo(ctx))
	}
	p.ends = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", errLeft, err)
	}
	return nil
}

// build compiles the programs.
func (p *performance) build(ctx context.Context) error {
	source, err := sourceDir(ctx)
	if err != nil {
		return err
	}
	p.show.begin("build", "dcrd, the full node (downloads it the first time)")
	if p.dcrd, err = node.Build(ctx, p.dir); err != nil {
		return err
	}
	p.show.done("build", "dcrd, the full node")
	p.show.begin("build", "spvd and spvctl")
	if p.programs, err = daemon.Build(ctx, source, p.dir); err != nil {
		return err
	}
	p.show.done("build", "spvd and spvctl")
	return nil
}

// sourceDir returns the project's directory, from within this module.
func sourceDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the project: run the demo with: make demo (%w)", err)
	}
	dir := filepath.Dir(strings.TrimSpace(string(out)))
	if _, err := os.Stat(filepath.Join(dir, "cmd", "spvd")); err != nil {
		return "", fmt.Errorf("find the project: run the demo with: make demo (%w)", err)
	}
	return dir, nil
}

// startNode starts the full node, its miner, and the proxy that watches the
// wire between it and spvd.
func (p *performance) startNode(ctx context.Context) error {
	p.show.begin("start", "dcrd on simnet")
	addr, err := miner.Address()
	if err != nil {
		return err
	}
	if p.account, err = openAccount(); err != nil {
		return err
	}
	p.node, err = node.Start(ctx, node.Config{
		Program:       p.dcrd,
		Dir:           filepath.Join(p.dir, "node"),
		MiningAddress: addr,
	})
	if err != nil {
		return err
	}
	p.atEnd(p.node.Stop)
	p.miner, err = miner.New(ctx, miner.Config{
		Node:     p.node,
		Payments: payments,
		Start:    time.Now().Add(-(chainBlocks + moreBlocks) * time.Second),
	})
	if err != nil {
		return err
	}
	p.atEnd(func(context.Context) error { p.miner.Close(); return nil })
	if err := p.startProxy(); err != nil {
		return err
	}
	p.show.done("start", "dcrd on simnet, at %s", p.node.Addr())
	return nil
}

// startProxy runs the proxy until the demo tidies up.
func (p *performance) startProxy() (err error) {
	p.wire, err = proxy.New(proxy.Config{Target: p.node.Addr(), Network: wire.SimNet, Pace: slowness})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return p.wire.Run(ctx) })
	p.atEnd(func(context.Context) error {
		stop()
		return g.Wait()
	})
	return nil
}

// mine makes the chain.
func (p *performance) mine(ctx context.Context) error {
	p.show.begin("mine", "a chain of %d blocks", chainBlocks)
	for p.count.Blocks < chainBlocks {
		more, err := p.miner.Mine(ctx, min(mineStep, chainBlocks-p.count.Blocks))
		if err != nil {
			return err
		}
		p.count.Add(more)
		if p.count.Blocks%incomeEvery == 0 {
			if err := p.income(ctx, int64(p.count.Blocks)*coin/100); err != nil {
				return err
			}
		}
		p.show.now("mine", "block %d of %d, %s votes", p.count.Blocks, chainBlocks, grouped(p.count.Votes))
	}
	p.show.done("mine", "%d blocks, %d of them voted, %d with a payment to an account", p.count.Blocks, p.count.Voted, p.incomes)
	p.show.say("", "%s votes, %s tickets, %s payments",
		grouped(p.count.Votes), grouped(p.count.Tickets), grouped(p.count.Payments))
	return nil
}
