//go:build unix

package peersfile

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPipeAsKnownPeers: a pipe in the place of peers.json, or a link to one, is refused at
// once, instead of waiting until something writes to it, and no peer is known then. It stays
// where it is.
func TestPipeAsKnownPeers(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "peers.json"), filepath.Join(dir, "link.json")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	if err := syscall.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{name, link} {
		s, err := Load(path, "simnet", time.Now())
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "a named pipe") {
			t.Errorf("%s: %v", path, err)
		}
		if len(s.Addresses) > 0 {
			t.Errorf("%s: addresses %v", path, s.Addresses)
		}
		var info syscall.Stat_t
		if err := syscall.Lstat(path, &info); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
