//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd"
)

// listening is a service manager on a socket of its own.
type listening struct {
	*net.UnixConn
	environ []string
	heard   []string // the messages, in order
}

// listenAsManager makes a manager that asks for a sign of life every so often.
func listenAsManager(t *testing.T, watchdog string) *listening {
	t.Helper()
	dir, err := os.MkdirTemp("", "spvd") // the names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		os.RemoveAll(dir)
	})
	return &listening{UnixConn: conn, environ: []string{"NOTIFY_SOCKET=" + name, "WATCHDOG_USEC=" + watchdog}}
}

// until reads messages until one begins like this.
func (l *listening) until(t *testing.T, prefix string) {
	t.Helper()
	if err := l.SetReadDeadline(time.Now().Add(processLimit)); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 4096); ; {
		n, err := l.Read(b)
		if err != nil {
			t.Fatalf("no %s: %v; heard %q", prefix, err, l.heard)
		}
		messages := strings.Split(string(b[:n]), "\n")
		l.heard = append(l.heard, messages...)
		if slices.ContainsFunc(messages, func(m string) bool { return strings.HasPrefix(m, prefix) }) {
			return
		}
	}
}

// TestServiceManagerHears runs a daemon of its own under a manager whose watchdog
// bites after 600 ms.
func TestServiceManagerHears(t *testing.T) {
	ns, l := serveNodes(t, 1), listenAsManager(t, "600000")
	d := startDaemonIn(t, l.environ, append([]string{"--appdata", t.TempDir()}, ns.flags...)...)
	l.until(t, "READY=1")
	if first := slices.Index(l.heard, "READY=1"); slices.ContainsFunc(l.heard[:first], func(m string) bool { return m == "WATCHDOG=1" }) {
		t.Errorf("a sign of life before the daemon was ready: %q", l.heard)
	}
	if !strings.Contains(d.out.String(), "Chain store opened") {
		t.Error("the daemon was ready before its store was open")
	}
	l.until(t, "STATUS=Synced at height 450")
	began := time.Now()
	for range 10 {
		l.until(t, "WATCHDOG=1")
	}
	if took := time.Since(began); took > 10*600*time.Millisecond {
		t.Errorf("ten signs of life took %v", took)
	}
	d.stop()
	l.until(t, "STOPPING=1")
	if code := d.end(); code != exitClean {
		t.Errorf("exit code %d", code)
	}
}

// TestServiceManagerHearsOfNoReadinessWithoutIt has a daemon that cannot start.
func TestServiceManagerHearsOfNoReadinessWithoutIt(t *testing.T) {
	l := listenAsManager(t, "600000")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "simnet", spvd.ChainFile), 0o700); err != nil {
		t.Fatal(err)
	}
	d := startDaemonIn(t, l.environ, "--appdata", dir)
	l.until(t, "STOPPING=1")
	if code := d.end(); code != exitFatal || slices.Contains(l.heard, "READY=1") {
		t.Errorf("exit code %d, heard %q", code, l.heard)
	}
}
