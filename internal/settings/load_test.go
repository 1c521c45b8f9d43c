package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// load reads the settings from a file with the given content, the environment
// and the command line.
func load(t *testing.T, file string, environ []string, args ...string) (*Config, error) {
	t.Helper()
	return Load(append([]string{"--appdata", dataDir(t, file)}, args...), environ)
}

// dataDir returns a data directory with a configuration file.
func dataDir(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, api.ConfigFile), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPrecedence(t *testing.T) {
	file := "[Application Options]\nusername = file\npassword = file\ndebuglevel = warn\nconnect = file1\nconnect = file2\n"
	environ := []string{"SPVD_USERNAME=env", "SPVD_RPCPASS=env", "SPVD_CONNECT=env1,env2", "SPVD_DEBUGLEVEL=", "HOME=/nowhere"}
	tests := []struct {
		name     string
		file     string
		environ  []string
		args     []string
		username string
		password string
		connect  string
		level    Levels
	}{
		{"defaults", "", nil, nil, "", "", "", "info"},
		{"file", file, nil, nil, "file", "file", "file1 file2", "warn"},
		{"environment over file", file, environ, nil, "env", "env", "env1 env2", "warn"},
		{"flags over environment", file, environ, []string{"--rpcuser=flag", "--connect=flag1", "-d", "error"}, "flag", "env", "flag1", "error"},
		{"aliases in the file", "rpcuser = u\nrpcpass = \" p\"\n", nil, nil, "u", " p", "", "info"},
		{"alias on the command line over name in the file", file, nil, []string{"--rpcpass=flag"}, "file", "flag", "file1 file2", "warn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := load(t, tt.file, tt.environ, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			var connect []string
			for _, c := range cfg.Connect {
				connect = append(connect, string(c))
			}
			if cfg.Username != tt.username || cfg.Password != tt.password || cfg.DebugLevel != tt.level || strings.Join(connect, " ") != tt.connect {
				t.Errorf("got username %q password %q level %q connect %q; want %q %q %q %q",
					cfg.Username, cfg.Password, cfg.DebugLevel, connect, tt.username, tt.password, tt.level, tt.connect)
			}
		})
	}
}

func TestBooleansCanBeTakenBack(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		args    []string
		want    bool
	}{
		{nil, nil, true},
		{nil, []string{"--simnet=false"}, false},
		{[]string{"SPVD_SIMNET=0"}, nil, false},
		{[]string{"SPVD_SIMNET=0"}, []string{"--simnet"}, true},
	} {
		cfg, err := load(t, "simnet = true\n", tt.environ, tt.args...)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.SimNet != tt.want {
			t.Errorf("with environment %q and flags %q simnet is %v", tt.environ, tt.args, cfg.SimNet)
		}
	}
}

func TestWhereTheFileIs(t *testing.T) {
	dir := dataDir(t, "simnet = 1\n")
	named := filepath.Join(dir, api.ConfigFile)
	for _, tt := range []struct {
		environ []string
		args    []string
	}{
		{nil, []string{"-A", dir}},
		{nil, []string{"-C", named}},
		{[]string{"SPVD_APPDATA=" + dir}, nil},
		{[]string{"SPVD_CONFIGFILE=" + named}, nil},
		{[]string{"SPVD_APPDATA=/nowhere"}, []string{"--configfile", named}},
	} {
		cfg, err := Load(tt.args, tt.environ)
		if err != nil {
			t.Errorf("%q %q: %v", tt.environ, tt.args, err)
		} else if !cfg.SimNet {
			t.Errorf("%q %q: the file was not read", tt.environ, tt.args)
		}
	}
}

func TestByteOrderMarkIsNoKey(t *testing.T) {
	cfg, err := load(t, byteOrderMark+"simnet = 1\r\n", nil)
	if err != nil || !cfg.SimNet {
		t.Errorf("got %+v, %v; want simnet", cfg, err)
	}
}

// TestWrongSettings holds each message to naming the place and the fault.
func TestWrongSettings(t *testing.T) {
	tests := []struct {
		name    string
		file    string
		environ []string
		args    []string
		want    []string
	}{
		{"unknown flag", "", nil, []string{"--foo"}, []string{"there is no flag --foo"}},
		{"argument", "", nil, []string{"start"}, []string{`unexpected argument "start"`}},
		{"missing value", "", nil, []string{"--username"}, []string{"username"}},
		{"unknown key", "simnet=1\n\nfoo=1\n", nil, nil, []string{"spvd.conf:3: unknown option \"foo\""}},
		{"name of a field", "SimNet=1\n", nil, nil, []string{"spvd.conf:1: unknown option \"SimNet\""}},
		{"flag that is no key", "version=1\n", nil, nil, []string{"spvd.conf:1: unknown option \"version\""}},
		{"no assignment", "# simnet\nsimnet\n", nil, nil, []string{"spvd.conf:2: not of the form name = value"}},
		{"unknown section", "simnet=1\n[Wallet]\n", nil, nil, []string{"spvd.conf:2: unknown section [Wallet]"}},
		{"bad boolean", "; c\nsimnet=maybe\n", nil, nil, []string{"spvd.conf:2:", "maybe"}},
		{"bad quotes", "username=\"x\n", nil, nil, []string{"spvd.conf:1:"}},
		{"bad level", "debuglevel=loud\n", nil, nil, []string{"spvd.conf:1: unknown log level \"loud\""}},
		{"bad goal", "", nil, []string{"--until=tomorrow"}, []string{`until "tomorrow": the daemon can run until synced`}},
		{"bad time", "", nil, []string{"--until=synced", "--timeout=soon"}, []string{"timeout", "soon"}},
		{"negative time", "", nil, []string{"--until=synced", "--timeout=-1s"}, []string{"--timeout -1s"}},
		{"time for nothing", "", nil, []string{"--timeout=1s"}, []string{"--timeout ends nothing without --until"}},
		{"empty command", "", nil, []string{"--blocknotify= "}, []string{"the command is empty"}},
		{"bad format", "logformat=xml\n", nil, nil, []string{"spvd.conf:1: unknown log format \"xml\", use text or json"}},
		{"bad subsystem", "", nil, []string{"-d", "FOO=info"}, []string{"unknown log subsystem \"FOO\""}},
		{"bad peer", "connect=host:http\n", nil, nil, []string{"spvd.conf:1: peer address \"host:http\": port \"http\""}},
		{"peer without host", "", nil, []string{"--connect=:9108"}, []string{"peer address \":9108\": the host is missing"}},
		{"bad listener", "", []string{"SPVD_RPCLISTEN=example.org"}, nil, []string{"SPVD_RPCLISTEN", "example.org is neither an IP address nor localhost"}},
		{"served at a name", "", nil, []string{"--listen=localhost"}, []string{`address to serve at "localhost": "localhost" is not an IP address`}},
		{"served at no address", "", nil, []string{"--listen=:9108"}, []string{`address to serve at ":9108": "" is not an IP address`}},
		{"served at no port", "listen=192.0.2.1:70000\n", nil, nil, []string{`spvd.conf:1: address to serve at "192.0.2.1:70000": port "70000" is not a number`}},
		{"empty path", "waypoints=\n", nil, nil, []string{"spvd.conf:1: the path is empty"}},
		{"two networks", "testnet=1\n", nil, []string{"--simnet"}, []string{"--testnet and --simnet exclude each other"}},
		{"user without password", "username=u\n", nil, nil, []string{"--username and --password need each other"}},
		{"reader without password", "readonlyuser=u\n", nil, nil, []string{"--readonlyuser and --readonlypass need each other"}},
		{"reader who is the user", "username=u\npassword=p\nreadonlyuser=u\nreadonlypass=q\n", nil, nil, []string{"--readonlyuser is also --username"}},
		{"TLS of no page", "metricstls=1\n", nil, nil, []string{"--metricstls serves nothing without --metricslisten"}},
		{"TLS without a certificate", "metricstls=1\n", nil, []string{"--notls", "--metricslisten=127.0.0.1"}, []string{"--notls leaves no certificate for --metricstls"}},
		{"profile of nothing", "profile=1\n", nil, nil, []string{"--profile shows nothing without --metricslisten"}},
		{"no websockets", "", nil, []string{"--rpcmaxwebsockets=0"}, []string{"--rpcmaxwebsockets must be at least 1"}},
		{"certificate without key", "", nil, []string{"--rpccert=x"}, []string{"--rpccert and --rpckey need each other"}},
		{"user with a colon", "", nil, []string{"--username=a:b", "--password=p"}, []string{`--username "a:b" holds a colon`}},
		{"user of the cookie", "", nil, []string{"--readonlyuser=__cookie__", "--readonlypass=p"}, []string{`--readonlyuser "__cookie__" is the name`}},
		{"plain text for all", "", nil, []string{"--notls", "--rpclisten="}, []string{"--rpclisten (all addresses): without TLS"}},
		{"plain text for others", "", nil, []string{"--notls", "--rpclisten=localhost", "--rpclisten=192.0.2.1:5"}, []string{"--rpclisten 192.0.2.1:5: without TLS"}},
		{"plain text over IPv6", "notls=1\nrpclisten=[::]:5\n", nil, nil, []string{"--rpclisten [::]:5: without TLS"}},
		{"profiles for others", "", nil, []string{"--profile", "--metricslisten=127.0.0.1", "--metricslisten=0.0.0.0"}, []string{"--profile: others reach 0.0.0.0"}},
		{"two accounts of a name", "", nil, []string{"--account=a=x", "--account=a=y"}, []string{`two different keys "a"`}},
		{"one key twice", "", nil, []string{"--account=a=x", "--account=b=x"}, []string{`one key the names "a" and "b"`}},
		{"misspelled flag", "", nil, []string{"--conect=1.2.3.4"}, []string{"there is no flag --conect: did you mean --connect?"}},
		{"misspelled setting", "debuglevl = info", nil, nil, []string{`unknown option "debuglevl": did you mean debuglevel?`}},
		{"number that is none", "", nil, []string{"--deepreorg=x"}, []string{`--deepreorg: "x" is not a whole number`}},
		{"number of the file", "deepreorg = x", nil, nil, []string{`:1: deepreorg: "x" is not a whole number`}},
		{"peer that is no host name", "", nil, []string{"--connect=exa/mple"}, []string{"neither an IP address nor a host name"}},
		{"name for the certificate", "", nil, []string{"--altdnsnames=a b"}, []string{"neither an IP address nor a host name"}},
		{"unknown group", "", nil, []string{"--cookiegroup=no such group"}, []string{"no group"}},
		{"unused certificate", "", nil, []string{"--notls", "--altdnsnames=x"}, []string{"--notls leaves no use"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.file, tt.environ, tt.args...)
			if err == nil {
				t.Fatal("the settings were accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q takes more than one line", err)
			}
		})
	}
}

func TestForeignVariables(t *testing.T) {
	platform := []string{"SPVD_PORT=tcp://10.0.0.1:9112", "SPVD_SERVICE_HOST=10.0.0.1", "SPVD_PORT_9112_TCP_ADDR=10.0.0.1", "SPVDX=1", "SPVD_NONE=",
		"SPVD_RPCSERVER=127.0.0.1:1", "SPVD_WALLET=shop", "SPVD_CLIENTCERT=a", "SPVD_CLIENTKEY=b", "SPVD_JSON=1"} // those of spvctl
	if _, err := load(t, "", platform); err != nil {
		t.Errorf("variables of a platform: %v", err)
	}
	for _, wrong := range []string{"SPVD_VERSION=1.2", "SPVD_HELP=1", "SPVD_simnet=1", "SPVD_SIMMET=1", "SPVD_USERNAM=x", "SPVD_=1"} {
		name, _, _ := strings.Cut(wrong, "=")
		if _, err := load(t, "", []string{wrong}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.conf")
	for _, name := range []string{missing, t.TempDir()} {
		_, err := Load([]string{"-C", name}, nil)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("configuration %s: %v, want an error that names it", name, err)
		}
	}
}

func TestPaths(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := load(t, "", nil, "--logdir=~/logs/./spvd", "--testnet")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(home, "logs", "spvd", "testnet3", "spvd.log"); cfg.LogFile() != want {
		t.Errorf("log file %s, want %s", cfg.LogFile(), want)
	}
	if want := filepath.Join(string(cfg.AppData), "testnet3"); cfg.NetDir() != want {
		t.Errorf("network directory %s, want %s", cfg.NetDir(), want)
	}
	if want := filepath.Join(string(cfg.AppData), "rpc.cert"); cfg.Cert() != want {
		t.Errorf("certificate %s, want %s", cfg.Cert(), want)
	}
}

func TestAddressForms(t *testing.T) {
	for _, set := range []string{"example.org", "example.org:1", "127.0.0.1", "::1", "[::1]", "[::1]:5"} {
		var a PeerAddress
		if err := a.UnmarshalFlag(set); err != nil || string(a) != set {
			t.Errorf("peer %s: got %s, %v", set, a, err)
		}
	}
	for _, set := range []string{"localhost", "localhost:0", ":9112", "", "0.0.0.0:1", "::", "[::1]:65535"} {
		var a ListenAddress
		if err := a.UnmarshalFlag(set); err != nil || string(a) != set {
			t.Errorf("listener %s: got %s, %v", set, a, err)
		}
	}
	for _, set := range []string{"::1:", "[::1", "a:b:c", "a:65536", "a:-1"} {
		var a PeerAddress
		if err := a.UnmarshalFlag(set); err == nil {
			t.Errorf("peer %s was accepted", set)
		}
	}
}

// TestUsersOfWallets: entries of one name are one user, and each has a password.
func TestUsersOfWallets(t *testing.T) {
	cfg, err := Load([]string{
		"--appdata=" + t.TempDir(), "--walletuser=shop:shop,till", "--walletuser=clerk:shop:ro", "--walletuser=shop:spare,till",
		"--walletpass=clerk:a:b", "--walletpass=shop:open sesame",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	users, err := cfg.Users()
	want := []rpc.WalletUser{
		{Name: "shop", Password: "open sesame", Wallets: []string{"shop", "till", "spare"}},
		{Name: "clerk", Password: "a:b", Wallets: []string{"shop"}, ReadOnly: true},
	}
	if err != nil || !reflect.DeepEqual(users, want) {
		t.Errorf("%+v, %v", users, err)
	}
	for want, flags := range map[string][]string{
		"not of the form NAME:WALLET":      {"--walletuser=shop"},
		"not of the form NAME:SECRET":      {"--walletpass=secret"},
		"is not the name of a wallet":      {"--walletuser=shop:My Wallet"},
		`"" is not the name`:               {"--walletuser=shop:a,"},
		"give this user a password":        {"--walletuser=shop:shop"},
		"give the wallets":                 {"--walletpass=shop:secret"},
		"twice":                            {"--walletuser=a:b", "--walletpass=a:secret", "--walletpass=a:secret"},
		"with :ro and without":             {"--walletuser=a:b", "--walletuser=a:c:ro", "--walletpass=a:secret"},
		"also --username":                  {"--username=a", "--password=secret", "--walletuser=a:b", "--walletpass=a:secret"},
		"also --username or":               {"--readonlyuser=a", "--readonlypass=secret", "--walletuser=a:b", "--walletpass=a:secret"},
		"is the name that the cookie file": {"--walletuser=__cookie__:b", "--walletpass=__cookie__:secret"},
		"looks like a hash":                {"--username=a", "--password=$pbkdf2-sha256$secret"},
	} {
		_, err := Load(append(flags, "--appdata="+t.TempDir()), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", flags, err, want)
		}
	}
}
