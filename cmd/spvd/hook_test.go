//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/logging"
)

// testHook returns a hook and where it logs.
func testHook(command string, environ ...string) (*hook, *bytes.Buffer) {
	var out bytes.Buffer
	logs := logging.New(&out, logging.Text, "HOOK")
	if err := logs.SetLevels("debug"); err != nil {
		panic(err)
	}
	return newHook("--test", hookFlag(command), environ, &children{own: make(map[int]bool)}, logs.Logger("HOOK")), &out
}

func TestHookRunsTheCommand(t *testing.T) {
	hash := chainhash.Hash{31: 0xab}
	for name, tt := range map[string]struct{ command, want string }{
		"hash":       {"echo '%s' again %s", `[DBG] HOOK: Command run option=--test hash=` + hash.String()},
		"output":     {"echo '%s' again %s", `output="` + hash.String() + ` again ` + hash.String() + `\n"`},
		"failure":    {"echo no >&2; exit 3", `err="exit status 3" output="no\n"`},
		"unknown":    {"/nowhere/notify %s", `[WRN] HOOK: Command failed`},
		"background": {"sleep 100 & echo $!", `[DBG] HOOK: Command run`},
		"flood":      {"yes | head -c 1000000", `output="y\ny\n`},
	} {
		t.Run(name, func(t *testing.T) {
			h, out := testHook(tt.command)
			h.run(t.Context(), hash)
			if !strings.Contains(out.String(), tt.want) || out.Len() > 3*hookOutput {
				t.Errorf("the log says %s, want %s", out, tt.want)
			}
			if _, pid, ok := strings.Cut(out.String(), `output="`); ok && name == "background" {
				n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(pid), `\n"`))
				if err != nil || syscall.Kill(n, syscall.SIGKILL) != nil {
					t.Errorf("what runs in the background is gone: %v", out)
				}
			}
		})
	}
}

func TestHookHidesWhatIsTheDaemons(t *testing.T) {
	h, out := testHook("env", "SPVD_PASSWORD=hunter2", "NOTIFY_SOCKET=/x", "WATCHDOG_USEC=1", "KEPT=yes")
	h.run(t.Context(), chainhash.Hash{})
	for text, want := range map[string]bool{"KEPT=yes": true, "hunter2": false, "NOTIFY": false, "WATCHDOG": false} {
		if strings.Contains(out.String(), text) != want {
			t.Errorf("the command sees %s", out)
		}
	}
}

// TestHookIsKilled: a command that would run for long ends with the daemon, and so
// does what it has started.
func TestHookIsKilled(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids")
	h, out := testHook("sleep 1000 & echo $! > " + name + ".new; echo $$ >> " + name + ".new; mv " + name + ".new " + name + "; wait")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { h.run(ctx, chainhash.Hash{}) })
	var pids []byte
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
		var err error
		if pids, err = os.ReadFile(name); err == nil {
			break
		}
	}
	began := time.Now()
	cancel()
	running.Wait()
	if took := time.Since(began); took > hookWait {
		t.Errorf("killing took %v", took)
	}
	if !strings.Contains(out.String(), "Command killed because spvd stops") {
		t.Errorf("the log says %s", out)
	}
	for pid := range strings.FieldsSeq(string(pids)) {
		for tick := time.NewTicker(time.Millisecond); ; <-tick.C { // until the system has done it
			state, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil || strings.Contains(string(state), ") Z ") {
				break
			}
			if time.Since(began) > processLimit {
				t.Fatalf("process %s is alive: %s", pid, state)
			}
		}
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
