//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// Sizes of the load.
const (
	subscribers = 1000
	flooders    = 64 // connections that send as many calls as they can
)

var (
	loadBlocks = flag.Int("loadblocks", 100_000, "length of the chain that is synced under load")
	loadCache  = flag.String("loadcache", "", "directory that keeps that chain between runs")
)

// BenchmarkSyncUnderLoad measures a first sync over loopback while clients do
// their worst: the time from when the node begins to answer until the daemon
// says that it is synced, and the processor time of the daemon meanwhile. The
// daemon is a process of its own, the clients are another, of the lowest
// priority; the node runs in this one. They share the processors all the same:
// the processor time of the daemon is what the clients cost it, the wall holds
// some of what the clients cost themselves.
//
//	go test -run '^$' -bench SyncUnderLoad -benchtime 5x ./cmd/spvd
func BenchmarkSyncUnderLoad(b *testing.B) {
	c, err := testnet.Generate(b.Context(), testnet.Config{Seed: 1, Blocks: *loadBlocks, CacheDir: *loadCache})
	if err != nil {
		b.Fatal(err)
	}
	c.Warm()
	loads := []struct {
		name string
		task task
	}{
		{name: "no client"},
		{name: fmt.Sprintf("%d-subscribers", subscribers), task: task{Kind: kindSubscribe, Clients: subscribers}},
		{name: fmt.Sprintf("%d-flooders", flooders), task: task{Kind: kindFlood, Clients: flooders}},
	}
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			var used time.Duration
			var seen sights
			for range b.N {
				b.StopTimer()
				cpu, saw := syncOnce(b, c, load.task)
				used += cpu
				seen.add(saw)
			}
			b.ReportMetric(used.Seconds()/float64(b.N), "daemon-cpu-s/op")
			seen.report(b)
		})
	}
}

// syncOnce measures one sync with a crowd of clients.
func syncOnce(b *testing.B, c *testnet.Chain, work task) (cpu time.Duration, saw sights) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	dir := b.TempDir()
	p := startProcess(b, "--appdata", dir, "--notls", "--connect="+l.Addr().String(),
		fmt.Sprintf("--rpcmaxwebsockets=%d", subscribers+flooders))
	client := dial(b, p.daemon, dir)
	work.URL, work.User, work.Password = client.url, client.user, client.password
	var crowd *crowdProcess
	if work.Kind != "" {
		crowd = startCrowd(ctx, b, work)
	}

	network := testnet.NewNetwork(1, nil)
	host := network.Add(l.Addr().String(), testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{})
	running.Go(func() { _ = network.Run(ctx) })
	before := processorTime(b, p.cmd.Process.Pid)
	b.StartTimer()
	running.Go(func() { _ = network.ServeTCP(ctx, host, l) })
	p.await(b, fmt.Sprintf("Synced at height %d", *loadBlocks))
	b.StopTimer()
	cpu = processorTime(b, p.cmd.Process.Pid) - before
	if crowd != nil {
		saw = crowd.end(b)
	}
	p.signal(b, os.Interrupt)
	if err := p.wait(); err != nil {
		b.Fatalf("the daemon ended with %v:\n%s%s", err, p.out, p.err)
	}
	return cpu, saw
}

// clockTick is the unit of times in /proc: USER_HZ is 100 on all platforms of
// Go.
const clockTick = 10 * time.Millisecond

// processorTime returns the processor time that a process has used.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	var ticks int
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// crowdProcess is a crowd in a process of its own.
type crowdProcess struct {
	cmd  *exec.Cmd
	in   interface{ Close() error }
	told *bufio.Reader
}

// startCrowd returns once the crowd is at work.
func startCrowd(ctx context.Context, b *testing.B, work task) *crowdProcess {
	b.Helper()
	text, err := json.Marshal(work)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "nice", "-n", "19", os.Args[0])
	cmd.Env = append(os.Environ(), crowdVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c := &crowdProcess{cmd: cmd, in: in, told: bufio.NewReader(out)}
	if line, err := c.told.ReadString('\n'); err != nil || line != crowdReady+"\n" {
		b.Fatalf("the crowd says %q: %v", line, err)
	}
	return c
}

// end ends the crowd and returns what it saw.
func (c *crowdProcess) end(b *testing.B) (saw sights) {
	b.Helper()
	c.in.Close()
	if err := json.NewDecoder(c.told).Decode(&saw); err != nil {
		b.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return saw
}
