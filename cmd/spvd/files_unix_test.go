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

	"github.com/spvd/spvd/internal/settings"
)

// TestPipeIsRefused: a pipe in the place of the configuration or of the waypoints ends the
// daemon at once with a line that names it, instead of waiting until something writes to it.
func TestPipeIsRefused(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	for _, option := range []string{"--configfile=", "--waypoints="} {
		var out, failure bytes.Buffer
		args := []string{"--simnet", "--nofilelogging", "--appdata=" + filepath.Join(dir, "data"), option + name}
		code := run(t.Context(), args, nil, &out, &failure)
		if code == exitClean || strings.Count(failure.String(), "\n") != 1 || !strings.Contains(failure.String(), name) ||
			!strings.Contains(failure.String(), "pipe") {
			t.Errorf("%s: exit code %d, %q", option, code, failure.String())
		}
	}
}

// TestReadableDataIsWarnedOf: what other users can read is named with what to do.
func TestReadableDataIsWarnedOf(t *testing.T) {
	dir := t.TempDir()
	cfg := settings.Default()
	cfg.AppData = settings.Path(dir)
	if err := os.MkdirAll(cfg.NetDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.File(), nil, 0o600); err != nil {
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
		t.Errorf("%d warnings of files that no other user can read", n)
	}
	for _, name := range []string{dir, cfg.File()} {
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if n := warned(); n != 2 {
		t.Errorf("%d warnings, want 2", n)
	}
	if os.Geteuid() != 0 {
		return // no other user's files can be made
	}
	for mode, want := range map[os.FileMode]int{0o640: 1, 0o644: 2} { // the data directory stays 0o755
		if err := os.Chown(cfg.File(), 1234, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(cfg.File(), mode); err != nil {
			t.Fatal(err)
		}
		if n := warned(); n != want {
			t.Errorf("%d warnings of another user's configuration with mode %o, want %d", n, mode, want)
		}
	}
}
