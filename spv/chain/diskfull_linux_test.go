package chain

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// smallDisk returns a directory in a file system of its own with so many bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("no file system of its own:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no room in a directory until the returned function is called.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// zeros is read without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// wantDiskFull wants an error to say so, in one sentence of its own with the path.
func wantDiskFull(t *testing.T, when string, err error, path string) {
	t.Helper()
	if !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) ||
		!strings.Contains(err.Error(), "disk full: make room") || !strings.Contains(err.Error(), path) {
		t.Errorf("%s: want %v about %s, got %v", when, ErrDiskFull, path, err)
	}
}

// TestStoreOnAFullDisk: a store, and its write-ahead log, on a disk that is full say so and
// hold what they held, also after they are opened again; with room they go on. A store that
// cannot be created leaves nothing that could be taken for one.
func TestStoreOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, "16m")
	p, r := consensus.SimNet(), random(50)
	cfg := Config{Path: filepath.Join(dir, "chain.db"), Params: p}
	empty := fill(t, dir)
	if c, err := Open(cfg); err == nil {
		t.Error("created without room")
		_ = c.Close()
	} else {
		wantDiskFull(t, "create", err, dir)
	}
	if _, err := os.Lstat(cfg.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a store is left: %v", err)
	}
	empty()

	blocks := newTestChain(t, p).mine(t, p, r, 1000, 100, 1)
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	held := blocks
	next := func() *testChain { // one block more, which the log takes
		more := held.fork(held.height()).mine(t, p, r, 1, 100, 1)
		more.feed(t, p, c, held.height(), 2000, 1)
		more.feedFilters(t, p, c)
		return more
	}
	held = next()
	mustFlush(t, c) // the log is there now, with one record
	empty = fill(t, dir)
	before := c.State()
	more, failed := held, false
	for range 300 { // the log has a page of its own; then it needs another
		held, more = more, next()
		before = c.State()
		if err := c.Flush(); err != nil {
			wantDiskFull(t, "flush", err, cfg.Path)
			failed = true
			break
		}
		held = more
	}
	if !failed {
		t.Fatal("nothing was refused for want of room")
	}
	if c.State() != before || c.Pending() == 0 {
		t.Errorf("the flush failed, but the state is %+v, and %d bytes are pending", c.State(), c.Pending())
	}
	wantChain(t, c, held)
	if err := c.Close(); err != nil {
		t.Log("close:", err)
	}
	c = reopen(t, cfg)
	wantChain(t, c, held)
	mustCheck(t, c)
	more = next()
	wantDiskFull(t, "flush after a start", c.Flush(), cfg.Path)
	empty()
	mustFlush(t, c)
	wantChain(t, c, more)
	mustCheck(t, c)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wantChain(t, reopen(t, cfg), more)
}

// TestCompactOnAFullDisk: whatever room there is for the copy, the error says that the disk is full,
// the store is as it was to the byte, and nothing lies beside it. With room it is compacted.
func TestCompactOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, "32m")
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(7), 3000, 450, 2)
	cfg := Config{Path: filepath.Join(dir, "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	if err := c.RaiseFloor(1000); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	if err := errors.Join(c.discard(), c.Close()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int64{0, 4 << 10, 64 << 10, 200 << 10, 1 << 20} {
		empty := fill(t, dir)
		info, err := os.Stat(filepath.Join(dir, "filler"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, "filler"), info.Size()-room); err != nil {
			t.Fatal(err)
		}
		_, _, err = Compact(t.Context(), cfg)
		wantDiskFull(t, fmt.Sprintf("compact with %d bytes of room", room), err, cfg.Path)
		if got, err := os.ReadFile(cfg.Path); err != nil || !slices.Equal(got, want) {
			t.Errorf("with %d bytes of room the file has changed, %v", room, err)
		}
		empty()
		if list, err := os.ReadDir(dir); err != nil || len(list) > 2 || len(list) == 2 && list[1].Name() != filepath.Base(store.LogPath(cfg.Path)) {
			t.Errorf("with %d bytes of room it has left %v, %v", room, list, err)
		}
	}
	before, after, err := Compact(t.Context(), cfg)
	if err != nil || before != int64(len(want)) || after >= before {
		t.Errorf("with room: from %d to %d bytes, %v", before, after, err)
	}
	c = reopen(t, cfg)
	mustCheck(t, c)
}
