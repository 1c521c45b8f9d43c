//go:build unix

package systemd

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	mine := "WATCHDOG_PID=" + strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		environ  []string
		found    bool
		watchdog time.Duration
		wrong    bool
	}{
		{environ: nil},
		{environ: []string{"NOTIFY_SOCKET="}},
		{environ: []string{"WATCHDOG_USEC=1000"}},
		{environ: []string{"HOME=/", "NOTIFY_SOCKET=/x"}, found: true},
		{environ: []string{"NOTIFY_SOCKET=@x", "WATCHDOG_USEC=1500000"}, found: true, watchdog: 1500 * time.Millisecond},
		{environ: []string{"NOTIFY_SOCKET=@x", "WATCHDOG_USEC=1500000", mine}, found: true, watchdog: 1500 * time.Millisecond},
		{environ: []string{"NOTIFY_SOCKET=@x", "WATCHDOG_USEC=1500000", "WATCHDOG_PID=1"}, found: true},
		{environ: []string{"NOTIFY_SOCKET=vsock:2:1"}, wrong: true},
		{environ: []string{"NOTIFY_SOCKET=/x", "WATCHDOG_USEC=soon"}, wrong: true},
		{environ: []string{"NOTIFY_SOCKET=/x", "WATCHDOG_USEC=0"}, wrong: true},
	} {
		m, err := Find(tt.environ)
		if (err != nil) != tt.wrong || (m != nil) != tt.found || m != nil && m.Watchdog != tt.watchdog {
			t.Errorf("%q: found %+v, %v", tt.environ, m, err)
		}
	}
}

func TestOwn(t *testing.T) {
	for variable, own := range map[string]bool{"NOTIFY_SOCKET=/x": true, "WATCHDOG_USEC=1": true, "WATCHDOG_PID=1": true, "HOME=/": false} {
		if Own(variable) != own {
			t.Errorf("%s: %v", variable, !own)
		}
	}
}

func TestTell(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	m, err := Find([]string{"NOTIFY_SOCKET=" + name})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Tell(Ready); err == nil {
		t.Error("sending without a manager succeeded")
	}
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := m.Tell(Ready, Status("one\ntwo")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, err := l.Read(b)
	if got := string(b[:n]); err != nil || got != "READY=1\nSTATUS=one two" {
		t.Errorf("the manager reads %q, %v", got, err)
	}
}
