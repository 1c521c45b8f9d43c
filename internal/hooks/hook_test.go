//go:build unix

package hooks

import (
	"bytes"
	"context"
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
func testHook(command string) (*Hook, *bytes.Buffer) {
	var out bytes.Buffer
	logs := logging.New(&out, logging.Text, "HOOK")
	if err := logs.SetLevels("debug"); err != nil {
		panic(err)
	}
	return &Hook{Option: "--test", Command: command, Runner: NewRunner(), Log: logs.Logger("HOOK")}, &out
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
			if time.Since(began) > time.Minute {
				t.Fatalf("process %s is alive: %s", pid, state)
			}
		}
	}
}
