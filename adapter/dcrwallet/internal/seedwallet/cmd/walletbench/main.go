package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	blocks   string
	payments int
	peers    int
	latency  time.Duration
	turns    int
	cache    string
	serving  bool
	sizes    string

	role    string // of a process that syncs; empty for the one that measures
	dir     string
	connect string
	height  int
}

func main() {
	var s settings
	flag.StringVar(&s.blocks, "blocks", "100000", "heights of chains, separated by commas")
	flag.IntVar(&s.payments, "payments", 400, "payments to the wallet")
	flag.IntVar(&s.peers, "peers", 8, "number of peers")
	flag.DurationVar(&s.latency, "latency", 0, "time that a byte takes in one direction")
	flag.IntVar(&s.turns, "turns", 3, "how often each sync is measured; the median counts")
	flag.StringVar(&s.cache, "cache", "", "directory of generated chains; that of fakenet")
	flag.BoolVar(&s.serving, "serving", false, "measure dcrwallet's own package spv alone: from one node, and from spvd that serves")
	flag.StringVar(&s.sizes, "large", "", "measure wallets with so many payments, separated by commas, on dcrwallet's own package spv, and calls to them")
	flag.StringVar(&s.role, "role", "", "used by the command itself")
	flag.StringVar(&s.dir, "dir", "", "used by the command itself")
	flag.StringVar(&s.connect, "connect", "", "used by the command itself")
	flag.IntVar(&s.height, "height", 0, "used by the command itself")
	flag.Parse()
	run := s.measure
	switch s.role {
	case "":
		if s.sizes != "" {
			run = s.large
		}
	case "large":
		run = s.measureLarge
	case "relay":
		run = s.relay
	default:
		run = s.sync
	}
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "walletbench:", err)
		os.Exit(1)
	}
}

// roles are the syncs, in the order of the columns.
var roles = [...]string{"adapter", "reference", "alone"}

// measure measures all chains and prints the table.
func (s settings) measure(ctx context.Context) error {
	row := s.row
	if s.serving {
		row = s.servingRow
		fmt.Fprintln(os.Stdout, "| blocks | from a node, s | from spvd, s | ratio | of the pairs | processor, s | from spvd, s |")
		fmt.Fprintln(os.Stdout, "|---|---|---|---|---|---|---|")
	} else {
		fmt.Fprintln(os.Stdout, "| blocks | adapter | dcrwallet's spv | adapter / spv | wallet alone | its share | CPU adapter | CPU spv | CPU alone |")
		fmt.Fprintln(os.Stdout, "|---|---|---|---|---|---|---|---|---|")
	}
	for text := range strings.SplitSeq(s.blocks, ",") {
		blocks, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("blocks: %w", err)
		}
		if err := row(ctx, blocks); err != nil {
			return err
		}
	}
	return nil
}

// row measures the syncs of one chain in turns.
func (s settings) row(ctx context.Context, blocks int) error {
	s.height = blocks
	network, err := s.serve(ctx)
	if err != nil {
		return err
	}
	var costs [len(roles)][]cost
	for range s.turns {
		for i, role := range roles {
			c, err := s.run(ctx, role, network.addrs)
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", role, err), network.close())
			}
			costs[i] = append(costs[i], c)
		}
	}
	var m [len(roles)]cost
	for i := range costs {
		m[i] = median(costs[i])
	}
	fmt.Fprintf(os.Stdout, "| %d | %.2f s | %.2f s | %.2f | %.2f s | %.0f %% | %.2f s | %.2f s | %.2f s |\n", blocks,
		m[0].Wall.Seconds(), m[1].Wall.Seconds(), m[0].Wall.Seconds()/m[1].Wall.Seconds(),
		m[2].Wall.Seconds(), 100*m[2].Wall.Seconds()/m[0].Wall.Seconds(),
		m[0].CPU.Seconds(), m[1].CPU.Seconds(), m[2].CPU.Seconds())
	return network.close()
}

// median returns the cost with the median wall time.
func median(costs []cost) cost {
	slices.SortFunc(costs, func(a, b cost) int { return int(a.Wall - b.Wall) })
	return costs[len(costs)/2]
}
