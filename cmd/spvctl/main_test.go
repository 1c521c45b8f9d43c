package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/spv"
)

// genesis is the hash of the first block of the chain of the test daemon.
func genesis() string { return chaincfg.SimNetParams().GenesisHash.String() }

// outcome is what a run left behind.
type outcome struct {
	code     int
	out, err string
}

// spvctl runs the program without environment.
func spvctl(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	return spvctlEnv(t, nil, stdin, args...)
}

func spvctlEnv(t *testing.T, environ []string, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, environ, &console{
		in: bufio.NewReader(strings.NewReader(stdin)), out: &out, err: &errs,
	})
	return outcome{code, out.String(), errs.String()}
}

// daemon starts a server for methods and returns the flags that lead to it.
func daemon(t *testing.T, methods *method.Registry) []string {
	t.Helper()
	address, _ := rpctest.Start(t, rpctest.Config(methods))
	return []string{"--appdata", t.TempDir(), "--rpcserver", address, "--notls", "-u", rpctest.User, "-P", rpctest.Password}
}

func TestStatusExitCodes(t *testing.T) {
	syncing := rpctest.SyncedStatus()
	syncing.Synced, syncing.Ready = false, false
	syncing.Ratio = 0.9999
	syncing.Filters.Current = 400
	lonely := syncing
	lonely.Peers = 0
	failed := lonely
	failed.Phase = spv.Failed
	for _, test := range []struct {
		name   string
		status spv.Status
		code   int
		want   string
	}{
		{"synced", rpctest.SyncedStatus(), 0, "synced     yes\n"},
		{"syncing", syncing, 2, "progress   99.9%\n"},
		{"no peers", lonely, 3, "peers      none\n"},
		{"failed", failed, 1, "phase      failed\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := rpctest.NewOffline(t)
			d.SetStatus(test.status)
			flags := daemon(t, d.Registry)
			live := map[bool]int{true: 1}[test.status.Phase == spv.Failed]
			if got := spvctl(t, "", append(flags, "status", "--live")...); got.code != live {
				t.Errorf("status --live gave %+v, want code %d", got, live)
			}
			got := spvctl(t, "", append(flags, "status")...)
			if got.code != test.code || !strings.Contains(got.out, test.want) || got.err != "" {
				t.Errorf("status gave %+v, want code %d and %q", got, test.code, test.want)
			}
			got = spvctl(t, "", append(flags, "status", "--json")...)
			var st api.SyncStatus
			if err := json.Unmarshal([]byte(got.out), &st); err != nil || got.code != test.code || st.Synced != test.status.Synced || st.Peers != test.status.Peers {
				t.Errorf("status --json gave %+v, %v", got, err)
			}
		})
	}
}

func TestStatusNotRunning(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"refused":        {"-s", free, "--notls", "-u", "a", "-P", "b"},
		"no certificate": {"-u", "a", "-P", "b"},
		"no cookie":      {"--notls"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spvctl(t, "", append(args, "-A", dir, "status", "--live")...); got.code != 4 {
				t.Errorf("status --live gave %+v", got)
			}
			got := spvctl(t, "", append(args, "-A", dir, "status")...)
			if got.code != 4 || !strings.HasPrefix(got.err, "spvctl: spvd is not running") || strings.Count(got.err, "\n") != 1 {
				t.Errorf("status gave %+v", got)
			}
			got = spvctl(t, "", append(args, "-A", dir, "getinfo")...)
			if got.code != 1 || strings.Count(got.err, "\n") != 1 {
				t.Errorf("getinfo gave %+v", got)
			}
		})
	}
}

func TestCookieAndCertificate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "mainnet"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Username, cfg.Password = "", ""
	cfg.CookiePath = filepath.Join(dir, "mainnet", api.CookieFile)
	address, stop := rpctest.StartTLS(t, cfg, rpc.TLSFiles{Cert: filepath.Join(dir, api.CertFile), Key: filepath.Join(dir, "rpc.key")})
	args := []string{"-A", dir, "-s", address}
	if got := spvctl(t, "", append(args, "getblockcount")...); got != (outcome{0, "2\n", ""}) {
		t.Errorf("getblockcount gave %+v", got)
	}
	if got := spvctl(t, "", append(args, "-u", "x", "-P", "y", "status")...); got.code != 1 || !strings.Contains(got.err, "wrong user name or password") {
		t.Errorf("status with a wrong password gave %+v", got)
	}
	stop()
	if got := spvctl(t, "", append(args, "status")...); got.code != 4 {
		t.Errorf("status after the end gave %+v", got)
	}
}

// TestClientCertificate is let in by the pair that the server made for itself,
// which it trusts of clients too.
func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, api.CertFile), filepath.Join(dir, "rpc.key")
	if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	address, _ := rpctest.StartTLS(t, rpctest.Config(rpctest.NewOffline(t).Registry), rpc.TLSFiles{Cert: cert, Key: key, ClientCAs: cert})
	flags := []string{"--appdata", dir, "--rpcserver", address, "--clientcert", cert}
	if got := spvctl(t, "", append(flags, "--clientkey", key, "getblockcount")...); got != (outcome{0, "2\n", ""}) {
		t.Errorf("got %+v", got)
	}
	for _, wrong := range [][]string{{}, {"--clientkey", key, "--notls"}} {
		if got := spvctl(t, "", append(append(flags, wrong...), "getblockcount")...); got.code != exitUsage {
			t.Errorf("with %q got %+v", wrong, got)
		}
	}
}

func TestConfigurationFile(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	dir := t.TempDir()
	conf := filepath.Join(dir, api.ConfigFile)
	write := func(text string) {
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("; of the daemon\n[Application Options]\nrpclisten=" + address + "\nrpcuser=" + rpctest.User +
		"\npassword = " + rpctest.Password + "\nnotls=1\nunknown=7\ndebuglevel=trace\n")
	if got := spvctl(t, "", "-A", dir, "getblockcount"); got != (outcome{0, "2\n", ""}) {
		t.Errorf("with a section: %+v", got)
	}
	write("rpclisten=" + address + "\nusername=" + rpctest.User + "\nrpcpass=wrong\nnotls=1\n")
	if got := spvctl(t, "", "-A", dir, "getblockcount"); got.code != 1 || !strings.Contains(got.err, "wrong user name or password") {
		t.Errorf("with a wrong password in the file: %+v", got)
	}
	env := []string{"SPVD_APPDATA=" + dir, "SPVD_USERNAME=" + rpctest.User, "SPVD_PASSWORD=" + rpctest.Password, "SPVD_VERSION=1", "SPVD_OTHER=x"}
	if got := spvctlEnv(t, env, "", "getblockcount"); got != (outcome{0, "2\n", ""}) {
		t.Errorf("with the right password in the environment: %+v", got)
	}
	if got := spvctlEnv(t, env, "", "-P", "wrong", "getblockcount"); got.code != 1 {
		t.Errorf("with a wrong password on the command line: %+v", got)
	}
	write("notls=1\n\nusername\n")
	if got := spvctl(t, "", "-A", dir, "getblockcount"); got.code != 1 || !strings.Contains(got.err, conf+":3:") {
		t.Errorf("with a line that is no setting: %+v", got)
	}
	if got := spvctl(t, "", "-C", conf+".missing", "getblockcount"); got.code != 1 || !strings.Contains(got.err, conf+".missing") {
		t.Errorf("with a missing file: %+v", got)
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		out  string
		err  string
	}{
		{nil, 2, "", "no command given"},
		{[]string{"--nonsense"}, 2, "", "nonsense"},
		{[]string{"--testnet", "--simnet", "status"}, 2, "", "exclude each other"},
		{[]string{"--notls", "-u", "a", "status"}, 2, "", "go together"},
		{[]string{"status", "--nonsense"}, 2, "", "nonsense"},
		{[]string{"status", "now"}, 2, "", "now"},
		{[]string{"peers", "all"}, 2, "", "all"},
		{[]string{"help", "a", "b"}, 2, "", "one command"},
		{[]string{"--version"}, 0, "spvctl version ", ""},
		{[]string{"--help"}, 0, "status [--watch]", ""},
		{[]string{"help", "status"}, 0, "--forever", ""},
		{[]string{"status", "--help"}, 0, "--forever", ""},
		{[]string{"wallet", "create", "-h"}, 0, "wallet [list|create|export]", ""},
	} {
		got := spvctl(t, "", append([]string{"-A", t.TempDir()}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.out, test.out) || !strings.Contains(got.err, test.err) || test.err == "" && got.err != "" {
			t.Errorf("%q gave %+v", test.args, got)
		}
	}
}

func TestMethods(t *testing.T) {
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 2})
	flags := daemon(t, d.Registry)
	for _, test := range []struct {
		name  string
		stdin string
		args  []string
		want  outcome
	}{
		{"text", "", []string{"getblockhash", "0"}, outcome{0, genesis() + "\n", ""}},
		{"text as JSON", "", []string{"--json", "getblockhash", "0"}, outcome{0, `"` + genesis() + "\"\n", ""}},
		{"number", "", []string{"getblockcount"}, outcome{0, "2\n", ""}},
		{"object", "", []string{"getbestblock"}, outcome{0, "{\n  \"hash\": \"" + d.Node.Chain().Tip().Hash.String() + "\",\n  \"height\": 2\n}\n", ""}},
		{"standard input", "0\n", []string{"getblockhash", "-"}, outcome{0, genesis() + "\n", ""}},
		{"standard input without an end of line", genesis(), []string{"getblockheader", "-", "false"}, outcome{0, rawGenesis(t, d) + "\n", ""}},
		{"literal where text is wanted", "", []string{"debuglevel", "1"}, outcome{1, "", "spvctl: unknown log level \"1\", use one of trace, debug, info, warn, error, critical, off; run: spvctl help debuglevel (code -8)\n"}},
		{"negative number", "", []string{"getblockhash", "-1"}, outcome{1, "", "spvctl: height -1 is not on the main chain; run: spvctl getblockcount (code -8)\n"}},
		{"unknown method", "", []string{"nonsense", "1"}, outcome{1, "", "spvctl: there is no method nonsense; run: spvctl help (code -32601)\n"}},
		{"text where a number is wanted", "", []string{"getblockhash", "one"}, outcome{1, "", "spvctl: parameter index is \"one\", not of type integer; usage: getblockhash index (run: spvctl help getblockhash) (code -32602)\n"}},
		{"missing standard input", "", []string{"getblockhash", "-"}, outcome{1, "", "spvctl: read parameter 1 from standard input: EOF\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := spvctl(t, test.stdin, append(flags[:len(flags):len(flags)], test.args...)...); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// rawGenesis returns the header of the genesis block in hex.
func rawGenesis(t *testing.T, d *rpctest.Daemon) string {
	t.Helper()
	return hex.EncodeToString(d.Node.Chain().At(0)[:])
}

func TestPeers(t *testing.T) {
	d := rpctest.NewOffline(t)
	d.Answer("getpeerinfo", []api.PeerInfo{{GetPeerInfoResult: types.GetPeerInfoResult{
		ID: 7, Addr: "192.0.2.1:9108", BytesSent: 1000, BytesRecv: 200000, PingTime: 1500,
		SubVer: "/dcrwire:1.0.0/dcrd:2.1.6/", CurrentHeight: 2,
	}, Role: "outbound", Rate: 1500000, InFlight: 2, LastReason: "request timed out"}})
	flags := daemon(t, d.Registry)
	want := "ID  ADDRESS         ROLE      HEIGHT  PING   RATE      RECEIVED  SENT    OWES  SCORE  LAST               AGENT\n" +
		"7   192.0.2.1:9108  outbound  2       1.5ms  1.5 MB/s  200.0 kB  1.0 kB  2     0      request timed out  /dcrwire:1.0.0/dcrd:2.1.6/\n"
	if got := spvctl(t, "", append(flags, "peers")...); got != (outcome{0, want, ""}) {
		t.Errorf("peers gave %+v", got)
	}
	d.Answer("getpeerinfo", []api.PeerInfo{})
	if got := spvctl(t, "", append(flags, "peers")...); got != (outcome{0, "no peers (run: spvctl status)\n", ""}) {
		t.Errorf("peers without peers gave %+v", got)
	}
	if got := spvctl(t, "", append(flags, "peers", "--json")...); got != (outcome{0, "[]\n", ""}) {
		t.Errorf("peers --json without peers gave %+v", got)
	}
}

func TestHelp(t *testing.T) {
	flags := daemon(t, rpctest.NewOffline(t).Registry)
	if got := spvctl(t, "", append(flags, "help")...); got.code != 0 || !strings.Contains(got.out, "peers ") || !strings.Contains(got.out, "\ngetblockhash index\n") {
		t.Errorf("help gave %+v", got)
	}
	if got := spvctl(t, "", append(flags, "help", "getblockhash")...); got.code != 0 || !strings.HasPrefix(got.out, "getblockhash index\n") {
		t.Errorf("help getblockhash gave %+v", got)
	}
}

func TestHelpAsJSON(t *testing.T) {
	flags := append(daemon(t, rpctest.NewOffline(t).Registry), "--json", "help")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, `"name": "getblockhash"`},
		{[]string{"getblockhash"}, `"name": "getblockhash"`},
		{[]string{"status"}, `"synopsis": "status [--watch]"`},
	} {
		got := spvctl(t, "", append(flags[:len(flags):len(flags)], test.args...)...)
		if !json.Valid([]byte(got.out)) || !strings.Contains(got.out, test.want) || got.code != 0 {
			t.Errorf("help %q gave %+v", test.args, got)
		}
	}
}

func TestStop(t *testing.T) {
	d := rpctest.NewOffline(t)
	if got := spvctl(t, "", append(daemon(t, d.Registry), "stop")...); got != (outcome{0, "spvd stopping.\n", ""}) {
		t.Errorf("stop gave %+v", got)
	}
	<-d.Stopped()
}
