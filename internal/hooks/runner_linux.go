package hooks

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// canReap is whether this system makes process 1 the parent of processes that have lost theirs, and
// /proc names those that have ended.
const canReap = true

// Reap reaps processes as they end that were not started here, until ctx ends. Its error is nil.
func (r *Runner) Reap(ctx context.Context) error {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	for {
		r.mu.Lock()
		r.reapLocked()
		r.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return nil
		}
	}
}

// reapLocked reaps the children that have ended and were not started here.
func (r *Runner) reapLocked() {
	for _, pid := range zombies() {
		if !r.own[pid] {
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
