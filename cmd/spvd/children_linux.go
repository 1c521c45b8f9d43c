package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spvd/spvd/internal/orchestrator"
)

// newChildren returns what runs the commands of the user, and the service that reaps other processes,
// none unless this is process 1.
func newChildren() (*children, []orchestrator.Worker) {
	c := &children{first: os.Getpid() == 1, own: make(map[int]bool)}
	if !c.first {
		return c, nil
	}
	return c, []orchestrator.Worker{{Name: "reaper", Serve: c.serve}}
}

// serve reaps processes as they end.
func (c *children) serve(ctx context.Context) error {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	for {
		c.mu.Lock()
		c.reapLocked()
		c.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return nil
		}
	}
}

// reapLocked reaps the children that have ended and were not started here.
func (c *children) reapLocked() {
	for _, pid := range zombies() {
		if !c.own[pid] {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
}

// zombies returns the children of this process that have ended.
func zombies() (pids []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/stat") // fails for a bad pattern only
	for _, name := range names {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it was reaped
		}
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[0] != "Z" || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
