package wallet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk: a disk that is full leaves no half of a wallet behind, and says so; with
// room the same call succeeds. It needs a small file system of its own.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("no file system of its own:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	c := testConfig("", Birthday{})
	s := NewSet(SetConfig{Dir: dir, Params: c.Params, Log: c.Log, Now: c.Now})
	defer s.Close()
	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	f.Close()
	for n := range 20 { // from no room to nearly enough
		if _, err := s.Create("full", nil); err == nil {
			if n == 0 {
				t.Fatal("created without room")
			}
			break
		} else if !errors.Is(err, ErrDiskFull) || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("with %d pages of room: %v", n, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, "full"+fileSuffix)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("with %d pages of room half a wallet is left: %v", n, err)
		}
		if err := os.Truncate(filler, int64(4<<20-(n+1)*4096)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Make("full"); err != nil {
		t.Errorf("with room: %v", err)
	}
}

// zeros is read without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestReservedNames: names that Windows keeps for devices are no names of wallets.
func TestReservedNames(t *testing.T) {
	s := openSet(t)
	for _, name := range []string{"con", "prn", "aux", "nul", "com0", "com9", "lpt1"} {
		if _, err := s.Create(name, nil); !errors.Is(err, ErrWalletName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, name := range []string{"cons", "com", "com10", "lpt", "auxiliary"} {
		if _, err := s.Create(name, nil); err != nil {
			t.Error(fmt.Sprint(i), err)
		}
	}
}
