//go:build unix

package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	name := func(base string) string { return filepath.Join(dir, base) }
	for _, err := range []error{
		os.WriteFile(name("file"), []byte("text"), 0o600),
		os.Symlink(name("file"), name("link")),
		syscall.Mkfifo(name("pipe"), 0o600),
		os.Symlink(name("pipe"), name("link to a pipe")),
		os.Symlink("/dev/zero", name("link to a device")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for base, want := range map[string]string{
		"file":             "text",
		"link":             "text",
		"pipe":             "a named pipe",
		"link to a pipe":   "a named pipe",
		"link to a device": "a device",
		".":                "a directory",
	} {
		got, err := Read(name(base))
		if want == "text" && (err != nil || string(got) != want) {
			t.Errorf("%s: %q, %v", base, got, err)
		}
		if want != "text" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", base, err)
		}
	}
	if _, err := Read(name("nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if got, err := Read(os.DevNull); err != nil || len(got) != 0 {
		t.Errorf("the null device: %q, %v", got, err)
	}
}
