package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/proc"
	"github.com/spvd/spvd/e2e/proxy"
)

// The exit codes of spvctl status.
const (
	codeSynced     = 0
	codeSyncing    = 2
	codeNoPeers    = 3
	codeNotRunning = 4
)

// testStatusCodes: spvctl status tells scripts by its exit code how it is.
func (s *stage) testStatusCodes(t *testing.T) {
	n := s.newNode(t)
	lonely := s.newDaemon(t, closedAddr(t))
	wantStatus(t, lonely, codeNoPeers, "no peers")

	p := newProxy(t, n, proxy.HoldFrom(wire.CmdCFiltersV2, 2))
	d := s.newDaemon(t, p.Addr())
	awaitHeld(t, p)
	wantStatus(t, d, codeSyncing, "syncing")

	p.Release(nil)
	awaitTip(t, d, n)
	wantStatus(t, d, codeSynced, "synced")

	stopDaemon(t, d)
	wantStatus(t, d, codeNotRunning, "not running")
}

// wantStatus wants spvctl status to end with a code.
func wantStatus(t *testing.T, d *daemon.Daemon, code int, when string) {
	t.Helper()
	r, err := d.Control(deadline(t), "status")
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != code {
		t.Errorf("spvctl status while %s: exit code %d, want %d\n%s%s", when, r.Code, code, r.Stdout, r.Stderr)
	}
}

// closedAddr returns an address that no program listens at.
func closedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// testSecondInstance: a second daemon on the same data ends at once and names
// the first, which is not disturbed.
func (s *stage) testSecondInstance(t *testing.T) {
	n := s.newNode(t)
	dir := t.TempDir()
	d := s.startDaemon(t, dir, n.Addr())
	r, err := proc.Run(deadline(t), s.programs.Daemon, "--simnet", "--appdata="+dir, "--rpclisten="+closedAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != 1 {
		t.Errorf("exit code %d, want 1", r.Code)
	}
	if pid := fmt.Sprint(d.PID()); !strings.Contains(r.Stderr, pid) {
		t.Errorf("process id %s is not in %q", pid, r.Stderr)
	}
	if strings.Count(r.Stderr, "\n") != 1 {
		t.Errorf("more or less than one line: %q", r.Stderr)
	}
	awaitTip(t, d, n)
}

// testStop: a daemon stops in order and in time whatever it is doing.
func (s *stage) testStop(t *testing.T) {
	n := s.newNode(t)
	t.Run("without peers", func(t *testing.T) {
		timeStop(t, s.newDaemon(t, closedAddr(t)))
	})
	t.Run("waiting for headers", func(t *testing.T) {
		p := newProxy(t, n, proxy.HoldFrom(wire.CmdHeaders, 1))
		d := s.newDaemon(t, p.Addr())
		awaitHeld(t, p)
		timeStop(t, d)
	})
	t.Run("waiting for filters", func(t *testing.T) {
		p := newProxy(t, n, proxy.HoldFrom(wire.CmdCFiltersV2, 2))
		d := s.newDaemon(t, p.Addr())
		awaitHeld(t, p)
		timeStop(t, d)
	})
	t.Run("synced", func(t *testing.T) {
		d := s.newDaemon(t, n.Addr())
		awaitTip(t, d, n)
		timeStop(t, d)
	})
}

// timeStop stops a daemon and says how long it took.
func timeStop(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	start := time.Now()
	stopDaemon(t, d)
	t.Logf("stopped after %v", time.Since(start).Round(time.Millisecond))
}
