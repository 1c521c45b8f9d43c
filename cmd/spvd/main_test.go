//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testenv"
)

// mainVariable makes the test program be the daemon.
const mainVariable = "TEST_RUN_AS_DAEMON"

func TestMain(m *testing.M) {
	if os.Getenv(mainVariable) != "" {
		main()
	}
	if text := os.Getenv(crowdVariable); text != "" {
		if err := runCrowd(text); err != nil {
			fmt.Fprintln(os.Stderr, "crowd:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testenv.Set()
	os.Exit(m.Run())
}

// processLimit is how long a daemon in a process of its own may run. One that
// hangs is killed, and the test that waits for its output fails.
const processLimit = time.Minute

// process is a daemon in a process of its own.
type process struct {
	cmd  *exec.Cmd
	exit error // how it ended; valid once ended
	*daemon
}

// startProcess starts a daemon that is killed at the latest with the test.
func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	return startProcessWith(t, nil, args...)
}

// startProcessWith does so, and hands down open files, of which the first has the number 3.
func startProcessWith(t testing.TB, files []*os.File, args ...string) *process {
	t.Helper()
	args = append([]string{"--simnet", "--rpclisten=127.0.0.1:0", "--nofilelogging"}, args...)
	ctx, cancel := context.WithTimeout(t.Context(), processLimit)
	p := &process{
		cmd:    exec.CommandContext(ctx, os.Args[0], args...),
		daemon: &daemon{out: newTranscript(), err: newTranscript(), ended: make(chan struct{})},
	}
	p.cmd.Env = append(os.Environ(), mainVariable+"=1")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	p.cmd.ExtraFiles = files
	if err := p.cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(p.ended)
		p.exit = p.cmd.Wait()
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return p
}

// wait waits for the process to end and returns how it did.
func (p *process) wait() error {
	<-p.ended
	return p.exit
}

// signal sends a signal to the process.
func (p *process) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func TestFirstSignalStopsCleanly(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			p := startProcess(t, "--appdata", t.TempDir())
			p.await(t, "RPC server listens")
			p.signal(t, s)
			if err := p.wait(); err != nil || p.err.String() != "" {
				t.Errorf("the daemon ended with %v, standard error %q", err, p.err)
			}
			if !strings.HasSuffix(p.out.String(), "SPVD: Stopped\n") {
				t.Errorf("the log does not end with Stopped:\n%s", p.out)
			}
		})
	}
}

// TestSecondSignalStopsAtOnce has a client hold up the clean stop: it sends
// the head of a request and leaves the body for later.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	p := startProcess(t, "--appdata", t.TempDir(), "--notls", "--username=u", "--password=p", "--debuglevel=trace")
	conn, err := net.Dial("tcp", p.await(t, "RPC server listens address="))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic dTpw\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	// The server asks for the body once it reads it: the request is being answered.
	if _, err := conn.Read(make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGTERM)
	p.await(t, "SPVD: Stopping")
	p.signal(t, syscall.SIGTERM)
	if err := p.wait(); err == nil || strings.Contains(p.out.String(), "SPVD: Stopped") {
		t.Errorf("the daemon stopped cleanly: %v", err)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != exitFatal {
		t.Errorf("exit code %d, want %d", code, exitFatal)
	}
	assertOneLine(t, p.err.String(), "second signal")
}

func TestKilledDaemonStartsAgain(t *testing.T) {
	ns := serveNodes(t, 1)
	dir := t.TempDir()
	args := append([]string{"--appdata", dir}, ns.flags...)
	p := startProcess(t, args...)
	p.await(t, "Synced at height")
	p.signal(t, syscall.SIGKILL)
	if err := p.wait(); err == nil {
		t.Fatal("the killed daemon exited cleanly")
	}
	d, _ := ns.startSynced(t, dir)
	if rest := d.await(t, "Chain store opened "); !strings.Contains(rest, fmt.Sprintf("headers=%d", blocks)) {
		t.Errorf("after the kill the store is opened at %s, want %d", rest, blocks)
	}
}
