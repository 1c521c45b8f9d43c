//go:build unix

package spvd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipeAsLockIsRefused: at once, instead of waiting until something writes to it.
func TestPipeAsLockIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), LockFile)
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
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
