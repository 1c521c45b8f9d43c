//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/logging"
)

func TestCookieGroupSetting(t *testing.T) {
	for value, want := range map[string]string{
		"12345": "", strconv.Itoa(os.Getgid()): "",
		"no such group": `this machine has no group "no such group"`, "-1": "no group", "99999999999": "no group",
	} {
		var g groupFlag
		err := g.UnmarshalFlag(value)
		if want == "" && (err != nil || g.String() != value || strconv.Itoa(*g.number) != value) {
			t.Errorf("%s: %v, %v", value, g, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// TestCookieGroupNeedsTheDirectories: each directory that the members cannot pass is named.
func TestCookieGroupNeedsTheDirectories(t *testing.T) {
	root := t.TempDir()
	group := os.Getgid()
	cfg := defaultConfig()
	cfg.AppData, cfg.CookieGroup = path(filepath.Join(root, "data")), groupFlag{"ours", &group}
	if err := os.MkdirAll(cfg.netDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	closed := func() string {
		var out bytes.Buffer
		logs := logging.New(&out, logging.Text, logDaemon)
		warnOfWall(cfg, logs.Logger(logDaemon))
		return out.String()
	}
	log := closed()
	for _, dir := range []string{string(cfg.AppData), cfg.netDir()} {
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
	logs := logging.New(&out, logging.Text, logDaemon)
	if warnOfReaders(cfg, logs.Logger(logDaemon)); out.Len() > 0 {
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
	for _, of := range []groupFlag{{}, {"ours", &group}} {
		root := t.TempDir()
		cfg := defaultConfig()
		cfg.AppData, cfg.CookieGroup = path(filepath.Join(root, "old", "data")), of
		if err := os.Mkdir(filepath.Join(root, "old"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := makeNetDir(cfg); err != nil {
			t.Fatal(err)
		}
		want := os.FileMode(0o700)
		if of.number != nil {
			want = 0o710
		}
		for dir, want := range map[string]os.FileMode{filepath.Join(root, "old"): 0o755, string(cfg.AppData): want, cfg.netDir(): want} {
			info, err := os.Stat(dir)
			if err != nil || info.Mode().Perm() != want {
				t.Fatalf("%s: %v, %v; want %o", dir, info.Mode(), err, want)
			}
			if of.number != nil && want == 0o710 && !of.owns(info) {
				t.Errorf("%s is not of the group", dir)
			}
		}
	}
}
