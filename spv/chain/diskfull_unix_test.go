//go:build unix

package chain

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// limitFiles lets no file grow beyond a size until the returned function is
// called: writes fail as they do on a full disk.
func limitFiles(t *testing.T, size uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = size
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}
}

// A flush that the disk has no room for fails and changes nothing. Once there
// is room it can be tried again.
func TestFlushWithoutRoom(t *testing.T) {
	p, r := SimNet(), random(50)
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
	lift := limitFiles(t, uint64(info.Size()))
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
	c.Settle(w)
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

// A file that may not be written is refused with the error of the system.
func TestOpenReadOnlyFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everything")
	}
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: SimNet()}
	if err := reopen(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.Path, 0o400); err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, cfg, os.ErrPermission)
}
