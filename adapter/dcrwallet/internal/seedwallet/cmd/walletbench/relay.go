package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/spv"
)

// relay syncs a whole client of spvd, and then serves other clients until the input ends. It prints
// the address when it is synced.
func (s settings) relay(ctx context.Context) (err error) {
	c, err := spvd.Open(spvd.Config{Dir: s.dir, Network: spvd.Simnet, Connect: strings.Split(s.connect, ","), Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var ended error
	var running sync.WaitGroup
	running.Go(func() { ended = c.Run(ctx) })
	err = c.Sync().Wait(ctx, func(st spv.Status) bool { return st.Synced && int(st.Tip.Height) >= s.height })
	if err == nil {
		_, err = fmt.Println(c.Server().Listeners()[0].Bound)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, os.Stdin)
	}
	stop()
	running.Wait()
	return errors.Join(err, ended)
}

// startRelay starts a client of spvd in a process of its own, and returns its address, and what
// ends it.
func (s settings) startRelay(ctx context.Context, node, dir string) (addr string, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", "relay", "-dir", dir, "-connect", node, "-height", fmt.Sprint(s.height))
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOGC=50") // as spvd sets it
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		return "", nil, errors.Join(fmt.Errorf("spvd that serves: %w", err), stop())
	}
	return addr, stop, nil
}

// servingRow measures syncs of dcrwallet with its own package spv from one node and from spvd that
// has synced from that node, in pairs, of which the other one begins each time. The first pair does
// not count.
func (s settings) servingRow(ctx context.Context, blocks int) (err error) {
	s.height, s.peers = blocks, 1
	network, err := s.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, network.close()) }()
	dir, err := os.MkdirTemp("", "walletbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	addr, stop, err := s.startRelay(ctx, network.addrs[0], dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var costs [2][]cost
	var ratios []float64
	for turn := range s.turns + 1 {
		var pair [2]cost
		for i := range pair {
			which := (i + turn) % 2
			if pair[which], err = s.run(ctx, "reference", []string{network.addrs[0], addr}[which:which+1]); err != nil {
				return err
			}
		}
		if turn > 0 {
			costs[0], costs[1] = append(costs[0], pair[0]), append(costs[1], pair[1])
			ratios = append(ratios, pair[1].Wall.Seconds()/pair[0].Wall.Seconds())
		}
	}
	slices.Sort(ratios)
	node, relay := median(costs[0]), median(costs[1])
	_, err = fmt.Printf("| %d | %.2f | %.2f | %.2f | %.2f–%.2f | %.2f | %.2f |\n", blocks, node.Wall.Seconds(), relay.Wall.Seconds(),
		ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1], node.CPU.Seconds(), relay.CPU.Seconds())
	return err
}
