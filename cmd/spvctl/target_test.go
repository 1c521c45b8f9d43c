package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// dataDir returns a data directory with a certificate, and a cookie for each
// network that names it.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, network := range []string{"mainnet", "testnet3", "simnet"} {
		write(t, filepath.Join(dir, network, api.CookieFile), "__cookie__:"+network)
	}
	if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: filepath.Join(dir, api.CertFile), Key: filepath.Join(dir, "rpc.key")}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reach returns where a command line leads: address user:password plain|TLS.
func reach(environ []string, args ...string) (string, error) {
	opts, _, err := parseOptions(append(args, "status"), environ)
	if err != nil {
		return "", err
	}
	tg, err := opts.target()
	if err != nil {
		return "", err
	}
	transport := " TLS"
	if tg.tls == nil {
		transport = " plain"
	}
	return tg.address + " " + tg.user + ":" + tg.password + transport, nil
}

func TestTarget(t *testing.T) {
	dir, bare, other := dataDir(t), t.TempDir(), dataDir(t)
	conf := filepath.Join(bare, "other.conf")
	for _, test := range []struct {
		name    string
		file    string // content of the configuration file
		environ []string
		args    []string
		want    string
	}{
		{"mainnet", "", nil, []string{"-A", dir}, "localhost:9112 __cookie__:mainnet TLS"},
		{"testnet", "", nil, []string{"-A", dir, "--testnet"}, "localhost:19112 __cookie__:testnet3 TLS"},
		{"simnet", "", nil, []string{"-A", dir, "--simnet"}, "localhost:19559 __cookie__:simnet TLS"},
		{"file chooses the network", "testnet=1", nil, []string{"-A", dir, "-C", conf}, "localhost:19112 __cookie__:testnet3 TLS"},
		{"flags choose the network", "testnet=1", nil, []string{"-A", dir, "-C", conf, "--simnet"}, "localhost:19559 __cookie__:simnet TLS"},
		{"environment chooses the network", "testnet=1", []string{"SPVD_SIMNET=1"}, []string{"-A", dir, "-C", conf}, "localhost:19559 __cookie__:simnet TLS"},
		{"empty environment", "", []string{"SPVD_SIMNET=", "SPVD_USERNAME="}, []string{"-A", dir}, "localhost:9112 __cookie__:mainnet TLS"},
		{"foreign environment", "", []string{"SIMNET=1", "SPVD_CONNECT=x"}, []string{"-A", dir}, "localhost:9112 __cookie__:mainnet TLS"},
		{"file names the directory", "appdata=" + dir, nil, []string{"-C", conf}, "localhost:9112 __cookie__:mainnet TLS"},
		{"flags name the directory", "appdata=" + bare, nil, []string{"-C", conf, "-A", dir}, "localhost:9112 __cookie__:mainnet TLS"},
		{"certificate of the file", "rpccert=" + filepath.Join(other, api.CertFile) + "\nusername=a\npassword=b", nil, []string{"-A", bare, "-C", conf}, "localhost:9112 a:b TLS"},
		{"certificate of the flags", "rpccert=" + filepath.Join(bare, "missing") + "\nusername=a\npassword=b", nil,
			[]string{"-A", bare, "-C", conf, "-c", filepath.Join(other, api.CertFile)}, "localhost:9112 a:b TLS"},
		{"mark of a text file", "\xef\xbb\xbfusername=a\npassword=b\nnotls=1", nil, []string{"-A", bare, "-C", conf}, "localhost:9112 a:b plain"},
		{"older names", "rpcuser=a\nrpcpass=b\nnotls=true", nil, []string{"-A", bare, "-C", conf}, "localhost:9112 a:b plain"},
		{"credentials come from one place", "username=a\npassword=b\nnotls=1", nil, []string{"-A", bare, "-C", conf, "--rpcuser", "c", "--rpcpass", "d"}, "localhost:9112 c:d plain"},
		{"server", "rpclisten=127.0.0.1:7\nusername=a\npassword=b\nnotls=1", nil, []string{"-A", bare, "-C", conf, "-s", "example.org"}, "example.org:9112 a:b plain"},
		{"listening address", "rpclisten=127.0.0.1:7\nrpclisten=127.0.0.1:8\nusername=a\npassword=b\nnotls=1", nil, []string{"-A", bare, "-C", conf}, "127.0.0.1:7 a:b plain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(t, conf, test.file)
			if got, err := reach(test.environ, test.args...); err != nil || got != test.want {
				t.Errorf("got %s, %v; want %s", got, err, test.want)
			}
		})
	}
}

func TestTargetErrors(t *testing.T) {
	dir, empty := dataDir(t), t.TempDir()
	cookie := filepath.Join(dir, "mainnet", api.CookieFile)
	write(t, cookie, "no colon")
	notPEM := filepath.Join(empty, "cert")
	write(t, notPEM, "no certificate")
	for _, test := range []struct {
		name       string
		args       []string
		want       string
		notRunning bool
	}{
		{"no certificate", []string{"-A", empty}, filepath.Join(empty, api.CertFile), true},
		{"certificate that was named", []string{"-A", dir, "-c", empty + "/missing"}, empty + "/missing", false},
		{"certificate that is none", []string{"-A", dir, "-c", notPEM}, notPEM, false},
		{"no cookie", []string{"-A", empty, "--notls"}, filepath.Join(empty, "mainnet", api.CookieFile), true},
		{"broken cookie", []string{"-A", dir}, cookie, false},
		{"unreadable file", []string{"-C", dir}, dir, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := reach(nil, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, errNotRunning) != test.notRunning {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestHomeDirectory(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "home"} { // as os.UserHomeDir asks on one system or another
		t.Setenv(name, home)
	}
	for value, want := range map[string]string{
		"~": home, "~/x": home + "/x", "~x": "~x", "/~/x": "/~/x", "x": "x",
	} {
		var p path
		if err := p.UnmarshalFlag(value); err != nil || string(p) != want {
			t.Errorf("%s gives %s, %v; want %s", value, p, err, want)
		}
	}
}
