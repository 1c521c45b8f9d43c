//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCommandsDoNotSeeTheSettings checks the environment of the commands of the user.
func TestCommandsDoNotSeeTheSettings(t *testing.T) {
	got := commandEnvironment([]string{"SPVD_PASSWORD=hunter2", "NOTIFY_SOCKET=/x", "KEPT=yes", "WATCHDOG_USEC=1"})
	if want := []string{"KEPT=yes"}; !slices.Equal(got, want) {
		t.Errorf("the commands see %q, want %q", got, want)
	}
}

// TestBlockNotify has a daemon notify of what it is synced to, of a block, and of the
// new tip after a reorganisation.
func TestBlockNotify(t *testing.T) {
	ns, dir := serveNodes(t, 1), t.TempDir()
	d, _ := ns.startSynced(t, dir, "--debuglevel=debug", "--blocknotify=echo tip %s.")
	tipOf := func() string {
		return fmt.Sprintf(`output="tip %v.\n"`, ns.all[0].Chain().Tip().Hash)
	}
	d.await(t, tipOf())
	ns.all[0].Extend(1)
	d.await(t, tipOf())
	ns.all[0].Reorg(3, 7)
	d.await(t, tipOf())
	if n := strings.Count(d.out.String(), "option=--blocknotify"); n > 5 {
		t.Errorf("the command ran %d times", n)
	}
}

// TestBlocksAreCoalesced holds a command up while blocks come: it runs once more, for
// the newest, and the daemon stops without waiting for it.
func TestBlocksAreCoalesced(t *testing.T) {
	ns, dir := serveNodes(t, 1), t.TempDir()
	gate := filepath.Join(dir, "gate")
	d, _ := ns.startSynced(t, dir, "--debuglevel=debug", "--blocknotify=until [ -e "+gate+" ]; do sleep 0.01; done; echo tip %s.")
	for range 4 {
		ns.all[0].Extend(1)
		d.await(t, fmt.Sprintf("hash=%v", ns.all[0].Chain().Tip().Hash))
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.await(t, fmt.Sprintf(`output="tip %v.\n"`, ns.all[0].Chain().Tip().Hash))
	if n := strings.Count(d.out.String(), "Command run option=--blocknotify"); n != 2 {
		t.Errorf("the command ran %d times for the first sync and four blocks", n)
	}
	if err := os.Remove(gate); err != nil {
		t.Fatal(err)
	}
	ns.all[0].Extend(1)
	d.await(t, fmt.Sprintf("hash=%v", ns.all[0].Chain().Tip().Hash))
	began := time.Now()
	d.stop()
	if code := d.end(); code != exitClean {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("stopping took %v", took)
	}
}
