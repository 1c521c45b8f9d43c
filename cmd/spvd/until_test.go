package main

import (
	"strings"
	"testing"
	"time"
)

func TestDaemonEndsOnceItIsSynced(t *testing.T) {
	ns, dir := serveNodes(t, 1), t.TempDir()
	d := startDaemon(t, append([]string{"--appdata", dir, "--until=synced", "--timeout=50s"}, ns.flags...)...)
	if code := d.end(); code != exitClean || d.err.String() != "" {
		t.Fatalf("exit code %d, standard error %q, log\n%s", code, d.err, d.out)
	}
	d.await(t, "Synced, which ends the daemon as --until says height=450")
	// What it has is there for the next one, and that is synced at once.
	d = startDaemon(t, append([]string{"--appdata", dir, "--until=synced"}, ns.flags...)...)
	if code := d.end(); code != exitClean {
		t.Errorf("exit code %d, log\n%s", code, d.out)
	}
	if at := d.await(t, "Chain store opened headers="); !strings.HasPrefix(at, "450 filters=450") {
		t.Errorf("the second run begins at %s", at)
	}
}

// TestDaemonGivesUpWhenNobodyAnswers: the exit code tells that, and the one line why.
func TestDaemonGivesUpWhenNobodyAnswers(t *testing.T) {
	began := time.Now()
	code, _, err := runOnce(t, "--simnet", "--rpclisten=127.0.0.1:0", "--connect=127.0.0.1:1", "--appdata", t.TempDir(), "--until=synced", "--timeout=200ms")
	if code != exitFatal {
		t.Errorf("exit code %d, want %d", code, exitFatal)
	}
	assertOneLine(t, err, "not synced within 200ms", "No peer is connected", "Check the network connection")
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
}

func TestSignalEndsASprintCleanly(t *testing.T) {
	d := startDaemon(t, "--appdata", t.TempDir(), "--connect=127.0.0.1:1", "--until=synced")
	d.await(t, "Chain store opened")
	d.stop()
	if code := d.end(); code != exitClean || d.err.String() != "" {
		t.Errorf("exit code %d, standard error %q", code, d.err)
	}
}
