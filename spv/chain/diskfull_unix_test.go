//go:build unix

package chain

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spvd/spvd/internal/testenv"
	"github.com/spvd/spvd/spv/consensus"
)

// A flush that the disk has no room for fails and changes nothing. Once there
// is room it can be tried again.
func TestFlushWithoutRoom(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ) // a write that fails is enough
	defer signal.Reset(syscall.SIGXFSZ)
	p, r := consensus.SimNet(), random(50)
	blocks := newTestChain(t, p).mine(t, p, r, 1000, 100, 1)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	info, err := os.Stat(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	before := c.State()

	more := blocks.fork(800).mine(t, p, r, 20_000, 300, 1)
	more.feed(t, p, c, 800, 2000, 1)
	more.feedFilters(t, p, c)
	lift := testenv.LimitFiles(t, info.Size())
	for range 2 {
		if err := c.Flush(); err == nil || errors.Is(err, ErrCorrupt) {
			t.Errorf("want the error of the system, got %v", err)
		}
	}
	// Nor does the chain forget what it was given while a write failed.
	w, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	more = more.fork(20_000).mine(t, p, r, 1200, 300, 1)
	more.feed(t, p, c, 20_000, 2000, 1)
	more.feedFilters(t, p, c)
	if err := w.Commit(); err == nil {
		t.Error("a write without room succeeded")
	}
	c.Finish(w)
	lift()
	if c.State() != before || c.Pending() == 0 {
		t.Errorf("the flush failed, but the state is %+v, and %d bytes are pending", c.State(), c.Pending())
	}
	wantChain(t, c, blocks)
	mustCheck(t, c)
	mustFlush(t, c)
	wantChain(t, c, more)
	mustCheck(t, c)
}

// TestOpenReadOnlyFile has a file that may not be written refused with the error of the
// system.
func TestOpenReadOnlyFile(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()}
	if err := reopen(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.Path, 0o400); err != nil {
		t.Fatal(err)
	}
	if f, err := os.OpenFile(cfg.Path, os.O_RDWR, 0); err == nil { // root may write everything
		f.Close()
		againAsNobody(t)
		return
	}
	wantOpenError(t, cfg, os.ErrPermission)
}

// againAsNobody runs a test again in a process of a user who may do nothing. It needs a
// program and a directory that this user can reach: those of the tests cannot be.
func againAsNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "nobody-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again")
	err = errors.Join(os.WriteFile(again, program, 0o700), os.Chown(again, nobody, nobody), os.Chown(dir, nobody, nobody))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), again, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
