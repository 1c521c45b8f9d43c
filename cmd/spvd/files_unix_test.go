//go:build unix

package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesAreRefused: a pipe in the place of a file is refused at once, instead of
// waiting until something writes to it.
func TestPipesAreRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "spvd.conf")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := loadConfig([]string{"-C", name}, nil); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("configuration: %v", err)
	}
	if _, err := takeLock(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("lock: %v", err)
	}
}

// TestLinkedLockIsRefused: what a link in the place of the lock leads to stays as it is.
func TestLinkedLockIsRefused(t *testing.T) {
	dir := t.TempDir()
	target, name := filepath.Join(dir, "precious"), filepath.Join(dir, "spvd.lock")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Skip(err)
	}
	if _, err := takeLock(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("locked a link: %v", err)
	}
	if _, err := openLockable(name); err == nil {
		t.Error("opened a link")
	}
	if raw, err := os.ReadFile(target); err != nil || string(raw) != "precious" {
		t.Errorf("the target holds %q, %v", raw, err)
	}
}

// TestReadableDataIsWarnedOf: what other users can read is named with what to do.
func TestReadableDataIsWarnedOf(t *testing.T) {
	dir := t.TempDir()
	cfg := defaultConfig()
	cfg.AppData = path(dir)
	if err := os.MkdirAll(cfg.netDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.file(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	warned := func() int {
		var out bytes.Buffer
		warnOfReaders(cfg, slog.New(slog.NewTextHandler(&out, nil)))
		return strings.Count(out.String(), "chmod")
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if n := warned(); n != 0 {
		t.Errorf("%d warnings of what nobody else can read", n)
	}
	for _, name := range []string{dir, cfg.file()} {
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if n := warned(); n != 2 {
		t.Errorf("%d warnings, want 2", n)
	}
}
