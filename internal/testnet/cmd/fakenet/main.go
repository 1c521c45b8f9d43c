package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run runs the command until it is interrupted and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, stderr)
	if err != nil {
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, cfg, stdout, stderr); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "fakenet: %v\n", err)
		return exitError
	}
	return exitOK
}

// serve makes the chain and serves it until ctx ends.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer) error {
	began := time.Now()
	c, err := cfg.chain(ctx)
	if err != nil {
		return err
	}
	c.Warm()
	fmt.Fprintf(stdout, "chain of %d blocks ready after %v, tip %v\n", c.Height(), time.Since(began).Round(time.Millisecond), c.Tip().Hash)

	level := slog.LevelInfo
	if cfg.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	network := testnet.NewNetwork(cfg.seed, log)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return network.Run(ctx) })
	fmt.Fprint(stdout, "serve: spvd --simnet")
	for i := range cfg.peers {
		addr, err := cfg.add(ctx, g, network, c, i, log)
		if err != nil {
			g.Go(func() error { return err }) // cancels the others
			return g.Wait()
		}
		fmt.Fprintf(stdout, " --connect %s", addr)
	}
	fmt.Fprintln(stdout)
	g.Go(func() error { return report(ctx, network, stdout) })
	if cfg.mine > 0 {
		g.Go(func() error { return mine(ctx, network, cfg.mine) })
	}
	return g.Wait()
}

// branchLate is by how much the blocks on a prefix are late against one in a target time:
// enough for their difficulty to be the least of the network.
const branchLate = 10 * time.Second

// chain makes the chain: all of it, or what is on top of the prefix.
func (cfg *config) chain(ctx context.Context) (*testnet.Chain, error) {
	if cfg.prefix == "" {
		return testnet.Generate(ctx, testnet.Config{
			Seed: cfg.seed, Blocks: cfg.blocks, Start: cfg.start, CacheDir: cfg.cache,
		})
	}
	f, err := os.Open(cfg.prefix)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := testnet.Prefix(consensus.SimNet(), f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.prefix, err)
	}
	return c.Grow(testnet.Branch{
		At: c.Height(), Blocks: cfg.blocks, Seed: cfg.seed, Late: branchLate,
	}), nil
}

// add puts node i on the network and returns the address at which it listens.
func (cfg *config) add(ctx context.Context, g *errgroup.Group, network *testnet.Network, c *testnet.Chain, i int, log *slog.Logger) (string, error) {
	nc := testnet.NodeConfig{Chain: c, Protocol: uint32(cfg.protocol), Log: log}
	if i < len(cfg.faults) {
		nc.Behaviour = cfg.faults[i].Make(cfg.seed + uint64(i))
	}
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(cfg.addr(i)))
	if err != nil {
		return "", err
	}
	addr := l.Addr().String() // has the port, if any was to be picked
	host := network.Add(addr, testnet.NewNode(nc), cfg.shape)
	g.Go(func() error { return network.ServeTCP(ctx, host, l) })
	return addr, nil
}

// addr returns the address of node i: consecutive hosts, since clients distinguish hosts, on
// one port.
func (cfg *config) addr(i int) netip.AddrPort {
	ip := cfg.listen.Addr()
	for range i {
		ip = ip.Next()
	}
	return netip.AddrPortFrom(ip, cfg.listen.Port())
}

// mine adds a block to the chain of all nodes at intervals.
func mine(ctx context.Context, network *testnet.Network, every time.Duration) error {
	for {
		if wait.For(ctx, every) != nil {
			return nil
		}
		c := network.Hosts()[0].Node.Chain().Extend(1)
		for _, h := range network.Hosts() {
			h.Node.SetChain(c)
		}
	}
}
