//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// installed makes the files of an installed daemon and an empty home, and returns the data directory,
// the configuration, and a function that returns where a command line leads with them.
func installed(t *testing.T, settings string) (data, conf string, leads func(args ...string) (string, error)) {
	t.Helper()
	data, conf = dataDir(t), filepath.Join(t.TempDir(), "spvd.conf")
	write(t, conf, "appdata="+data+"\n"+settings)
	t.Setenv("HOME", filepath.Join(t.TempDir(), "home"))
	return data, conf, func(args ...string) (string, error) {
		opts, _, err := parseOptions(append(args, "status"), nil)
		if err != nil {
			t.Fatal(err)
		}
		opts.system = []path{path(filepath.Join(data, "nothing")), path(conf)}
		tg, err := opts.target()
		if err != nil {
			return "", err
		}
		return tg.address + " " + tg.user + ":" + tg.password + " (" + tg.start + ")", nil
	}
}

// TestInstalledDaemonIsFound: without a directory of the user's, and without options that name
// another daemon, spvctl asks the installed one.
func TestInstalledDaemonIsFound(t *testing.T) {
	_, conf, leads := installed(t, "testnet=1")
	start := startSystem(path(conf))
	for args, want := range map[string]string{
		"":               "localhost:19112 __cookie__:testnet3 (" + start + ")",
		"--simnet":       "localhost:19559 __cookie__:simnet (" + start + ")",
		"-s 127.0.0.1:7": "127.0.0.1:7 __cookie__:testnet3 (" + start + ")",
	} {
		if got, err := leads(strings.Fields(args)...); err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", args, got, err, want)
		}
	}
	empty := t.TempDir()
	if _, err := leads("-A", empty); err == nil || !strings.Contains(err.Error(), empty) {
		t.Errorf("with another data directory: %v", err)
	}

	own := os.Getenv("HOME")
	write(t, filepath.Join(own, ".spvd", api.ConfigFile), "notls=1\nusername=a\npassword=b")
	write(t, filepath.Join(own, "Library/Application Support/Spvd", api.ConfigFile), "notls=1\nusername=a\npassword=b")
	want := "localhost:9112 a:b (spvd; reach the service with --configfile " + conf + ")"
	if got, err := leads(); err != nil || got != want {
		t.Errorf("with a daemon of the user's: got %s, %v; want %s", got, err, want)
	}
}

// TestAccessIsExplained: what a user may not read is named with the group to join and the setting.
func TestAccessIsExplained(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read all: the test of the packages asks as other users")
	}
	alone := "for the user that runs spvd alone: run spvctl as that user, or start spvd with --cookiegroup GROUP"
	ours := "log in again, and see that spvd runs with --cookiegroup "
	for _, test := range []struct {
		name string // below the data directory; empty for the configuration
		mode os.FileMode
		want string
	}{
		{"", 0o000, alone}, {"", 0o040, ours}, {"mainnet/rpc.cookie", 0o000, alone}, {"mainnet/rpc.cookie", 0o040, ours},
		{"mainnet", 0o000, alone}, {"mainnet", 0o010, ours}, {"rpc.cert", 0o040, ours},
	} {
		data, conf, leads := installed(t, "")
		name := filepath.Join(data, test.name)
		if test.name == "" {
			name = conf
		}
		if err := os.Chmod(name, test.mode); err != nil {
			t.Fatal(err)
		}
		_, err := leads()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with mode %o: %v", test.name, test.mode, err)
		}
		if err := os.Chmod(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, conf, leads := installed(t, "notls=1")
	if err := os.Chmod(conf, 0o000); err != nil {
		t.Fatal(err)
	}
	if got, err := leads("--notls", "-u", "a", "-P", "b"); err != nil || !strings.HasPrefix(got, "localhost:9112 a:b") {
		t.Errorf("with a password: %s, %v", got, err)
	}
}
