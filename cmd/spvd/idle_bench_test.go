//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
)

var idleFor = flag.Duration("idlefor", time.Minute, "how long an idle daemon is watched")

// BenchmarkIdle measures what the program, built as for users, costs while it has
// nothing to do: synced with eight peers and a wallet, and offline, after all of
// them have gone at once and refuse connections. The daemon chooses its peers
// itself, so that its book, its feeler and its rotation are there. In the end the
// peers are back, and it has to be synced again.
//
//	go test -run '^$' -bench Idle -benchtime 1x ./cmd/spvd
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	program := filepath.Join(dir, "spvd")
	build := exec.Command("go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v:\n%s", err, out)
	}
	c, err := testnet.Generate(b.Context(), testnet.Config{Seed: 1, Blocks: *loadBlocks, CacheDir: *loadCache})
	if err != nil {
		b.Fatal(err)
	}
	tn := newTown(b, c, 8)
	tn.open(b)
	d := startBuilt(b, program, append([]string{"--simnet", "--rpclisten=127.0.0.1:0", "--notls", "--nofilelogging",
		"--appdata", filepath.Join(dir, "data"), "--account=savings=" + newOwner(b, 1).xpub()}, tn.flags("addpeer")...)...)
	d.await(b, fmt.Sprintf("Synced at height %d", *loadBlocks))

	b.Run("synced", func(b *testing.B) { d.watch(b) })
	tn.close()
	d.await(b, "No peer can be reached")
	b.Run("offline", func(b *testing.B) { d.watch(b) })

	tn.chain = c.Extend(1)
	tn.open(b)
	back := time.Now()
	d.await(b, fmt.Sprintf("Synced at height %d", *loadBlocks+1))
	b.Logf("synced again %v after the peers came back", time.Since(back).Round(10*time.Millisecond))
}

// built is a daemon of the program that users get.
type built struct {
	*daemon
	pid int
}

// startBuilt starts the program; it is stopped with the test.
func startBuilt(b *testing.B, program string, args ...string) *built {
	b.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	cmd := exec.CommandContext(ctx, program, args...)
	d := &daemon{out: newTranscript(), err: newTranscript(), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = d.out, d.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		cancel()
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(d.ended)
		_ = cmd.Wait() // it was asked to stop
	})
	b.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return &built{d, cmd.Process.Pid}
}

// watch reports the processor time that a daemon takes, in percent of one core.
func (d *built) watch(b *testing.B) {
	var used, passed time.Duration
	for range b.N {
		before, began := processorTime(b, d.pid), time.Now()
		_ = wait.For(b.Context(), *idleFor)
		used += processorTime(b, d.pid) - before
		passed += time.Since(began)
	}
	b.ReportMetric(100*used.Seconds()/passed.Seconds(), "%core")
}
