//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/settings"
)

// TestCookieGroupNeedsTheDirectories: each directory that the members cannot pass is named.
func TestCookieGroupNeedsTheDirectories(t *testing.T) {
	root := t.TempDir()
	group := os.Getgid()
	cfg := settings.Default()
	cfg.AppData, cfg.CookieGroup = settings.Path(filepath.Join(root, "data")), settings.Group{Name: "ours", Number: &group}
	if err := os.MkdirAll(cfg.NetDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	closed := func() string {
		var out bytes.Buffer
		logs := logging.New(&out, logging.Text, settings.LogDaemon)
		warnOfWall(cfg, logs.Logger(settings.LogDaemon))
		return out.String()
	}
	log := closed()
	for _, dir := range []string{string(cfg.AppData), cfg.NetDir()} {
		if !strings.Contains(log, "chgrp ours "+dir+" && chmod g+x "+dir) {
			t.Errorf("%s is not named:\n%s", dir, log)
		}
		if err := os.Chmod(dir, 0o710); err != nil {
			t.Fatal(err)
		}
	}
	if log = closed(); strings.Contains(log, string(cfg.AppData)) {
		t.Errorf("with access for the group:\n%s", log)
	}
	var out bytes.Buffer
	logs := logging.New(&out, logging.Text, settings.LogDaemon)
	if warnOfReaders(cfg, logs.Logger(settings.LogDaemon)); out.Len() > 0 {
		t.Errorf("the access that the group needs is warned of:\n%s", &out)
	}
}

// TestCookieGroupEntersWhatIsMade: its members can enter each directory that the daemon makes, and
// list none; a directory that was there stays as it was.
func TestCookieGroupEntersWhatIsMade(t *testing.T) {
	group := os.Getgid()
	if os.Geteuid() == 0 {
		group = 12345
	}
	for _, of := range []settings.Group{{}, {Name: "ours", Number: &group}} {
		root := t.TempDir()
		cfg := settings.Default()
		cfg.AppData, cfg.CookieGroup = settings.Path(filepath.Join(root, "old", "data")), of
		if err := os.Mkdir(filepath.Join(root, "old"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := makeNetDir(cfg); err != nil {
			t.Fatal(err)
		}
		want := os.FileMode(0o700)
		if of.Number != nil {
			want = 0o710
		}
		for dir, want := range map[string]os.FileMode{filepath.Join(root, "old"): 0o755, string(cfg.AppData): want, cfg.NetDir(): want} {
			info, err := os.Stat(dir)
			if err != nil || info.Mode().Perm() != want {
				t.Fatalf("%s: %v, %v; want %o", dir, info.Mode(), err, want)
			}
			if of.Number != nil && want == 0o710 && !of.Owns(info) {
				t.Errorf("%s is not of the group", dir)
			}
		}
	}
}
