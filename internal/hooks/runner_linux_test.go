package hooks

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// asFirst is set in the environment of the test that runs as process 1.
const asFirst = "TEST_PROCESS_ONE"

// TestReapsAsProcessOne: as process 1 of a namespace the daemon reaps what commands leave running, and
// never a command that it waits for.
func TestReapsAsProcessOne(t *testing.T) {
	if os.Getenv(asFirst) != "" {
		reapAsProcessOne(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestReapsAsProcessOne$", "-test.v")
	cmd.Env = append(os.Environ(), asFirst+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Skipf("no namespace can be made here: %v", err)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("%s", out)
	}
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestReapsAsProcessOne")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// reapAsProcessOne is the test in the namespace.
func reapAsProcessOne(t *testing.T) {
	t.Helper()
	if err := errors.Join(syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""), syscall.Mount("proc", "/proc", "proc", 0, "")); err != nil {
		t.Skipf("no /proc can be mounted here: %v", err)
	}
	c := NewRunner()
	if !c.Reaps() {
		t.Fatalf("as process %d nothing is reaped", os.Getpid())
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() {
		if err := c.Reap(ctx); err != nil {
			t.Error(err)
		}
	})
	h, log := testHook("for i in 1 2 3 4 5; do (sleep 0.0$i &) ; done >/dev/null 2>&1; exit 7")
	h.Runner = c
	const runs = 20
	for range runs {
		h.run(ctx, chainhash.Hash{})
	}
	if n := strings.Count(log.String(), `err="exit status 7"`); n != runs {
		t.Errorf("%d of %d commands ended as they did:\n%s", n, runs, log)
	}
	deadline := time.After(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		if others() == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d processes are left, of which have ended: %v", others(), zombies())
		}
	}
}

// others returns the number of processes of the namespace besides process 1.
func others() (n int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return -1
	}
	for _, e := range entries {
		if strings.Trim(e.Name(), "0123456789") == "" && e.Name() != "1" {
			n++
		}
	}
	return n
}
