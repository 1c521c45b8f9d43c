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
			if err := files.ensurePair(); err != nil {
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
