package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/version"
)

// transcript keeps what a daemon writes, and lets tests wait for it.
type transcript struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{} // closed and replaced by every write
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

// Write implements io.Writer.
func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	close(tr.changed)
	tr.changed = make(chan struct{})
	return tr.buf.Write(p)
}

// String returns all that was written.
func (tr *transcript) String() string {
	text, _ := tr.read()
	return text
}

func (tr *transcript) read() (string, <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.buf.String(), tr.changed
}

// daemon is one that runs within the test.
type daemon struct {
	out, err *transcript
	stop     func() // as the first signal does
	ended    chan struct{}
	code     int // valid once ended
}

// startDaemon runs a daemon on simnet that stops at the latest with the test.
func startDaemon(t testing.TB, args ...string) *daemon {
	t.Helper()
	return startDaemonIn(t, nil, args...)
}

// startDaemonIn does so in an environment.
func startDaemonIn(t testing.TB, environ []string, args ...string) *daemon {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	d := &daemon{out: newTranscript(), err: newTranscript(), stop: cancel, ended: make(chan struct{})}
	args = append([]string{"--simnet", "--rpclisten=127.0.0.1:0"}, args...)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(d.ended)
		d.code = run(ctx, args, environ, d.out, d.err)
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return d
}

// await returns the rest of the first line of output behind a text, and fails
// when the daemon ends without writing it.
func (d *daemon) await(t testing.TB, text string) string {
	t.Helper()
	for {
		out, changed := d.out.read()
		if _, rest, ok := strings.Cut(out, text); ok {
			if line, _, whole := strings.Cut(rest, "\n"); whole {
				return line
			}
		}
		select {
		case <-changed:
		case <-d.ended:
			if !strings.Contains(d.out.String(), text) {
				t.Fatalf("the daemon ended with code %d without saying %q:\n%s%s", d.code, text, d.out, d.err)
			}
		}
	}
}

// end waits for the daemon to end and returns its code.
func (d *daemon) end() int {
	<-d.ended
	return d.code
}

// runOnce runs the program to its end.
func runOnce(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, nil, &out, &err)
	return code, out.String(), err.String()
}

// assertOneLine checks that standard error has one line that says everything
// that is wanted.
func assertOneLine(t *testing.T, stderr string, wants ...string) {
	t.Helper()
	if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "spvd: ") {
		t.Errorf("standard error is %q, want one line that begins with the program", stderr)
	}
	for _, want := range wants {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error %q does not say %q", stderr, want)
		}
	}
}

func TestQuestionsAreAnsweredWithoutData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"version", []string{"--version"}, "spvd version " + version.String()},
		{"version in short", []string{"-V"}, "spvd version " + version.String()},
		{"help", []string{"--help"}, "--appdata"},
		{"settings", []string{"--simnet", "--dumpconfig"}, "simnet = true"},
		{"manual", []string{"--manpage"}, "\\-\\-metricslisten=IP"},
		{"subsystems", []string{"--debuglevel=show"}, "Supported subsystems [SPVD PEER SYNC VOTE WLLT SERV RPCS PAGE HOOK]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, err := runOnce(t, append(tt.args, "--appdata", dir)...)
			if code != exitClean || err != "" || !strings.Contains(out, tt.want) {
				t.Errorf("exit code %d, standard error %q, standard output\n%s\nwant it to say %q", code, err, out, tt.want)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("the data directory was made")
			}
		})
	}
}

func TestVersionDoesNotNeedAGoodFile(t *testing.T) {
	code, out, _ := runOnce(t, "--version", "--appdata", dataDir(t, "broken"))
	if code != exitClean || !strings.HasPrefix(out, "spvd version") {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

// dataDir returns a data directory with a configuration file.
func dataDir(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, api.ConfigFile), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWrongSettingsAreUsageErrors(t *testing.T) {
	for _, tt := range []struct {
		file string
		args []string
		want string
	}{
		{"", []string{"--foo"}, "foo"},
		{"simnet=1\nbar=2\n", nil, "spvd.conf:2"},
		{"", []string{"--simnet", "--testnet"}, "choose one network"},
	} {
		code, out, err := runOnce(t, append(tt.args, "--appdata", dataDir(t, tt.file))...)
		if code != exitUsage || out != "" {
			t.Errorf("file %q, flags %q: exit code %d, output %q", tt.file, tt.args, code, out)
		}
		assertOneLine(t, err, tt.want, "spvd --help")
	}
}

// TestWhatSettingsHoldIsWrong has settings whose form is right. Trouble with
// them is found only when they are used, and is a usage error all the same.
func TestWhatSettingsHoldIsWrong(t *testing.T) {
	waypoints := filepath.Join(t.TempDir(), "waypoints")
	if err := os.WriteFile(waypoints, []byte("1 x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		arg   string
		wants []string
	}{
		"waypoints":    {"--waypoints=" + waypoints, []string{waypoints + ":1", "hash"}},
		"account":      {"--account=a=dpubx", []string{"--account", "key"}},
		"account name": {"--account=*=" + newOwner(t, 1).xpub(), []string{"--account", "account names"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, err := runOnce(t, "--simnet", "--rpclisten=127.0.0.1:0", "--appdata", t.TempDir(), tt.arg)
			if code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			assertOneLine(t, err, append(tt.wants, "spvd --help")...)
		})
	}
}

func TestTroubleBeforeTheStart(t *testing.T) {
	dir := t.TempDir()
	blocker := filepath.Join(dir, "file")
	if err := os.WriteFile(blocker, []byte("1 x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	tests := []struct {
		name  string
		args  []string
		wants []string
	}{
		{"data directory", []string{"--appdata", filepath.Join(blocker, "data")}, []string{"make data directory", blocker, "--appdata"}},
		{"log directory", []string{"--logdir", blocker}, []string{"log", blocker, "--logdir", "--nofilelogging"}},
		{"port", []string{"--rpclisten", taken.Addr().String()}, []string{taken.Addr().String(), "--rpclisten"}},
		{"port of the status page", []string{"--metricslisten", taken.Addr().String()}, []string{taken.Addr().String(), "--metricslisten"}},
		{"missing waypoints", []string{"--waypoints", dir + "/none"}, []string{dir + "/none"}},
		{"certificate", []string{"--rpccert", blocker, "--rpckey", blocker}, []string{blocker}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"--simnet", "--rpclisten=127.0.0.1:0", "--appdata", t.TempDir()}, tt.args...)
			code, _, err := runOnce(t, args...)
			if code != exitFatal {
				t.Errorf("exit code %d, want %d", code, exitFatal)
			}
			assertOneLine(t, err, tt.wants...)
		})
	}
}

func TestDaemonStopsCleanlyAndStartsAgain(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		d := startDaemon(t, "--appdata", dir)
		d.await(t, "RPC server listens")
		d.stop()
		if code := d.end(); code != exitClean || d.err.String() != "" {
			t.Fatalf("exit code %d, standard error %q, log\n%s", code, d.err, d.out)
		}
		if !strings.HasSuffix(d.out.String(), "[INF] SPVD: Stopped\n") {
			t.Errorf("the log does not end with Stopped:\n%s", d.out)
		}
	}
	logged, err := os.ReadFile(filepath.Join(dir, "logs", "simnet", "spvd.log"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(logged, []byte("[INF] SPVD: Stopped\n")); n != 2 {
		t.Errorf("the log file tells of %d runs, want 2:\n%s", n, logged)
	}
}

func TestSecondInstanceFailsAtOnce(t *testing.T) {
	dir := t.TempDir()
	first := startDaemon(t, "--appdata", dir)
	first.await(t, "RPC server listens")
	code, out, err := runOnce(t, "--simnet", "--appdata", dir)
	if code != exitFatal || out != "" {
		t.Errorf("exit code %d, output %q", code, out)
	}
	assertOneLine(t, err, "process id "+strconv.Itoa(os.Getpid()), filepath.Join(dir, "simnet"), "--appdata")

	other := startDaemon(t, "--simnet=false", "--testnet", "--connect=127.0.0.1:1", "--appdata", dir)
	other.await(t, "RPC server listens")
}

func TestStopWhileStarting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	args := []string{"--simnet", "--rpclisten=127.0.0.1:0", "--appdata", t.TempDir()}
	if code := run(ctx, args, nil, io.Discard, io.Discard); code != exitClean {
		t.Errorf("exit code %d, want %d", code, exitClean)
	}
}
