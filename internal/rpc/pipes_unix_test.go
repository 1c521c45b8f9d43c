//go:build unix

package rpc

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe in the place of a file is refused. To open it would hold up the start of the
// daemon, or a reload, for good.
func TestPipesAreNoFiles(t *testing.T) {
	for _, base := range []string{"rpc.cert", "rpc.key", "ca.pem"} {
		t.Run(base, func(t *testing.T) {
			dir := t.TempDir()
			files := TLSFiles{Cert: filepath.Join(dir, "rpc.cert"), Key: filepath.Join(dir, "rpc.key")}
			if err := files.pair().Ensure(nil); err != nil {
				t.Fatal(err)
			}
			files.ClientCAs = filepath.Join(dir, "ca.pem")
			name := filepath.Join(dir, base)
			_ = os.Remove(name)
			if err := syscall.Mkfifo(name, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := files.read(); err == nil || !strings.Contains(err.Error(), name+" is not a regular file (a named pipe)") {
				t.Errorf("got %v", err)
			}
		})
	}
	c := &cookie{path: filepath.Join(t.TempDir(), "rpc.cookie")}
	if err := syscall.Mkfifo(c.path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.remove(); err == nil || !strings.Contains(err.Error(), "named pipe") {
		t.Errorf("cookie: %v", err)
	}
}

// TestCookieForAGroup: the members of the group may read the file, and no others.
func TestCookieForAGroup(t *testing.T) {
	group := os.Getgid()
	for mode, c := range map[os.FileMode]*cookie{
		0o600: newCookie(filepath.Join(t.TempDir(), "rpc.cookie"), nil),
		0o640: newCookie(filepath.Join(t.TempDir(), "rpc.cookie"), &group),
	} {
		if err := c.write(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode || int(info.Sys().(*syscall.Stat_t).Gid) != group {
			t.Errorf("mode %v, %+v", info.Mode(), info.Sys())
		}
	}
	if os.Getuid() == 0 { // who may choose any group
		other := 54321
		c := newCookie(filepath.Join(t.TempDir(), "rpc.cookie"), &other)
		if err := c.write(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(c.path); err != nil || int(info.Sys().(*syscall.Stat_t).Gid) != other {
			t.Errorf("%+v, %v", info.Sys(), err)
		}
	}
}
