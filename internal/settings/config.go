package settings

import (
	"path/filepath"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/password"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
)

// Config holds the settings of the user. The tags name the flags and the keys of the
// configuration file, and describe them for --help and sample-spvd.conf; the defaults are
// those of Default.
type Config struct {
	ConfigFile Path `short:"C" long:"configfile" value-name:"FILE" no-ini:"yes" description:"Configuration file (default: spvd.conf in the data directory)"`
	AppData    Path `short:"A" long:"appdata" value-name:"DIR" description:"Data directory"`

	TestNet bool `long:"testnet" description:"Use the test network"`
	SimNet  bool `long:"simnet" description:"Use the simulation network"`

	Connect    []PeerAddress `long:"connect" value-name:"HOST[:PORT]" description:"Connect to this peer, and to no others but those named this way (may be repeated)"`
	AddPeer    []PeerAddress `long:"addpeer" value-name:"HOST[:PORT]" description:"Stay connected with this peer besides those that are found (may be repeated)"`
	Proxy      ProxyAddress  `long:"proxy" value-name:"IP:PORT" description:"Make every connection through this SOCKS5 proxy, each with credentials of its own so that Tor isolates it; names are looked up by the proxy only"`
	BlocksOnly bool          `long:"blocksonly" description:"Do not ask peers for transactions: what is not mined is then known only if it was published here"`

	LowBandwidth bool `long:"lowbandwidth" description:"Save bytes: connect with three peers instead of eight, ask them for addresses only while few are known, and do not ask for transactions, as with --blocksonly; excludes --listen"`

	Waypoints Path `long:"waypoints" value-name:"FILE" description:"Known blocks that the chain has to hold, one 'HEIGHT HASH' per line, and the least work it has, as 'work HEX': what spvctl waypoints prints"`
	DeepReorg int  `long:"deepreorg" value-name:"BLOCKS" description:"Warn of a reorganisation that takes back at least so many blocks"`

	Account  []Account `long:"account" value-name:"NAME=XPUB" secret:"yes" description:"Watch the account of this extended public key (may be repeated)"`
	Birthday Birthday  `long:"birthday" value-name:"WHEN" description:"First block to search for what is imported: a height, a date like 2024-01-31, or 'new' (default: the first block)"`

	KeepFilters bool `long:"keepfilters" description:"Fetch and keep the filters of all blocks, also those more than a day before the earliest birthday, which are not fetched otherwise if there is a --birthday"`

	Prune bool `long:"prune" description:"Delete filters that every wallet was searched for in, but those of the newest 2,016 blocks; an import or a rescan that needs them has them fetched again; excludes --keepfilters"`

	SearchNewAddresses bool `long:"searchnewaddresses" description:"Search old blocks, from the birthday of the account on, for each address that is handed out behind its gap limit: for a key that other wallets hand out addresses of, too"`

	VerifyVotes Amount `long:"verifyvotes" value-name:"AMOUNT" description:"Verify the votes behind payments to a wallet of at least so many coins, in the block of each and the five after it; blocks with votes and tickets are fetched for it, at most 64 MiB an hour (default: only when asked for, by the method verifyvotes)"`

	Bootstrap   []string `long:"bootstrap" value-name:"SOURCE" secret:"yes" description:"Import a snapshot from this directory, or http:// or https:// address of one, before anything is fetched from peers; all of it is proven, and a source that is wrong is left (may be repeated)"`
	SnapshotDir Path     `long:"snapshotdir" value-name:"DIR" description:"Write the headers and filters of the chain into this directory as it grows, for other light clients: any web server can serve it (default: none is written)"`

	Listen []ServeAddress `long:"listen" value-name:"IP[:PORT]" description:"Serve headers, filters and blocks to other light clients that connect to this address, which is announced to nobody (may be repeated; default: none are served)"`

	RPCListen        []ListenAddress   `long:"rpclisten" value-name:"IP[:PORT]" description:"Listen for JSON-RPC on this address (may be repeated)"`
	Username         string            `long:"username" value-name:"NAME" description:"User name for JSON-RPC; needs a password"`
	Password         string            `long:"password" value-name:"SECRET" secret:"yes" description:"Password for JSON-RPC; without one, local tools authenticate with the file rpc.cookie"`
	RPCUser          func(string)      `long:"rpcuser" hidden:"yes"`
	RPCPass          func(string)      `long:"rpcpass" hidden:"yes"`
	ReadOnlyUser     string            `long:"readonlyuser" value-name:"NAME" description:"User name for JSON-RPC that may only call methods that read; needs --readonlypass"`
	ReadOnlyPass     string            `long:"readonlypass" value-name:"SECRET" secret:"yes" description:"Password of the read-only user"`
	WalletUser       []WalletUser      `long:"walletuser" value-name:"NAME:WALLET,…" no-env:"yes" description:"User name for JSON-RPC that may use only these wallets, and with :ro behind them only call methods that read; needs --walletpass (may be repeated)"`
	WalletPass       []WalletPass      `long:"walletpass" value-name:"NAME:SECRET" secret:"yes" no-env:"yes" description:"Password of a user of wallets. This and the other passwords may be hashes, as spvctl hashpassword prints (may be repeated)"`
	RPCMaxWebsockets int               `long:"rpcmaxwebsockets" value-name:"N" description:"Most websocket clients of JSON-RPC at the same time"`
	ClientCAFile     Path              `long:"clientcafile" value-name:"FILE" description:"Certificates of JSON-RPC clients, or of their issuers: a client that presents one needs no password"`
	RPCCert          Path              `long:"rpccert" value-name:"FILE" description:"TLS certificate of the JSON-RPC server, made if missing (default: rpc.cert in the data directory)"`
	RPCKey           Path              `long:"rpckey" value-name:"FILE" description:"Key of the TLS certificate, made with it (default: rpc.key in the data directory)"`
	NoTLS            bool              `long:"notls" description:"Serve JSON-RPC without TLS; on loopback addresses only"`
	AltDNSNames      []CertificateHost `long:"altdnsnames" value-name:"NAME" description:"Further host name or address that the certificate is to be valid for; an existing one without it is warned of (may be repeated)"`
	RenewCert        bool              `long:"renewcert" description:"Renew the certificate at the start if it is not valid for an address of this machine or a name of --altdnsnames. Its key stays; one that spvd has not made is refused"`
	CookieGroup      Group             `long:"cookiegroup" value-name:"GROUP" description:"Name or number of a group whose members may read the file rpc.cookie, and so use JSON-RPC without a password; they also need access to the directories of it (not on Windows)"`

	PipeRx            *uint `long:"piperx" value-name:"N" no-ini:"yes" no-env:"yes" description:"Number of an open file, the read end of a pipe: the daemon stops when the program that has started it closes the other end"`
	PipeTx            *uint `long:"pipetx" value-name:"N" no-ini:"yes" no-env:"yes" description:"Number of an open file, the write end of a pipe, on which the daemon reports to the program that has started it"`
	RPCListenerEvents bool  `long:"rpclistenerevents" no-ini:"yes" no-env:"yes" description:"Report the addresses of the JSON-RPC server with --pipetx"`
	IssueClientCert   bool  `long:"issueclientcert" no-ini:"yes" no-env:"yes" description:"Report with --pipetx a key and certificate with which a client of JSON-RPC needs no password, valid while the daemon runs"`

	MetricsListen []ListenAddress `long:"metricslisten" value-name:"IP[:PORT]" description:"Show a status page, /metrics, /livez and /readyz on this address, in plain text and to anybody; wallets to users of JSON-RPC who log in (may be repeated)"`
	MetricsTLS    bool            `long:"metricstls" description:"Serve what --metricslisten shows over TLS, with the certificate of JSON-RPC, so that users can log in from other machines"`
	Profile       bool            `long:"profile" description:"Add the profiles of the Go runtime below /debug/pprof/ to what --metricslisten shows"`

	BlockNotify  Command `long:"blocknotify" value-name:"COMMAND" description:"Run this command of the shell for each new tip once synced, with its hash in the place of %s; tips that come meanwhile are one more run"`
	WalletNotify Command `long:"walletnotify" value-name:"COMMAND" description:"Run this command of the shell for each transaction of a wallet that is seen, mined, or taken back once synced, with its hash in the place of %s"`

	NotifyURL           Receiver `long:"notifyurl" value-name:"URL" secret:"yes" description:"Post transactions, confirmations, blocks and changes of the status as signed JSON to this address, in order and until it answers with success: https://, or http:// at a loopback address; with --proxy through the proxy"`
	NotifySecret        string   `long:"notifysecret" value-name:"SECRET" secret:"yes" description:"Key of the signatures of what is posted, at least 16 characters (default: made once, in the file webhook.secret of the network's directory)"`
	NotifyConfirmations int      `long:"notifyconfirmations" value-name:"N" description:"Post the confirmations of a transaction up to this number"`

	DebugLevel    Levels    `short:"d" long:"debuglevel" value-name:"LEVEL" description:"Log level: trace, debug, info, warn, error, critical or off, or SUBSYSTEM=LEVEL,... ('show' lists the subsystems)"`
	LogFormat     LogFormat `long:"logformat" value-name:"FORMAT" description:"Form of the log: text, or json for one object per line"`
	LogDir        Path      `long:"logdir" value-name:"DIR" description:"Directory for log files (default: logs in the data directory)"`
	NoFileLogging bool      `long:"nofilelogging" description:"Log to standard output only"`

	Until   Goal          `long:"until" value-name:"synced" no-ini:"yes" description:"Run until headers, filters and wallet are at the tip, then stop with exit code 0"`
	Timeout time.Duration `long:"timeout" value-name:"DURATION" no-ini:"yes" description:"With --until, give up after so long, like 10m, with exit code 1 (default: never)"`

	Version bool `short:"V" long:"version" no-ini:"yes" no-env:"yes" description:"Print the version and exit"`
	CheckDB bool `long:"checkdb" no-ini:"yes" no-env:"yes" description:"Prove every header and filter of the chain store again, hold the wallets against their transactions, say what is sound, what is damaged and whether a rescan heals it, and exit; spvd must not be running on this data"`

	Compact bool `long:"compact" no-ini:"yes" no-env:"yes" description:"Replace the chain store by a copy without unused room, which is proven before, say how large it was and is, and exit; spvd must not be running on this data"`

	VerifySnapshot Path `long:"verifysnapshot" value-name:"DIR" no-ini:"yes" no-env:"yes" description:"Prove the snapshot in this directory from the genesis block on, without a network, say up to which block it is right and what is wrong, and exit"`

	ManPage    ManualPage `long:"manpage" value-name:"SECTION" optional:"yes" optional-value:"1" no-ini:"yes" no-env:"yes" description:"Print the manual page spvd(1), or with 5 spvd.conf(5), and exit"`
	Completion Shell      `long:"completion" value-name:"SHELL" no-ini:"yes" no-env:"yes" description:"Print a script that completes command lines, for bash, zsh or fish, and exit"`
	DumpConfig bool       `long:"dumpconfig" no-ini:"yes" no-env:"yes" description:"Print the settings in effect as a configuration file and exit"`
}

// Default returns the settings for a user who has changed none.
func Default() *Config {
	c := &Config{
		AppData:    Path(dcrutil.AppDataDir("spvd", false)),
		RPCListen:  []ListenAddress{"localhost"},
		DeepReorg:  spv.DefaultDeepReorg,
		DebugLevel: "info",
		LogFormat:  LogFormat(logging.Text),

		RPCMaxWebsockets: 64,

		NotifyConfirmations: 6,
	}
	c.RPCUser = func(name string) { c.Username = name }
	c.RPCPass = func(secret string) { c.Password = secret }
	return c
}

// Paths below the data directory. A path that was set takes precedence.

func (c *Config) File() string { return c.ConfigFile.or(c.AppData, api.ConfigFile) }
func (c *Config) Cert() string { return c.RPCCert.or(c.AppData, api.CertFile) }
func (c *Config) Key() string  { return c.RPCKey.or(c.AppData, keyFile) }

// cookieFile is the file with the credentials of local tools; none when there is a password
// for them, which they read from the configuration.
func (c *Config) CookieFile() string {
	if hashed, _ := password.IsHash(c.Password); c.Password != "" && !hashed {
		return ""
	}
	return filepath.Join(c.NetDir(), api.CookieFile)
}

// netDir is the directory of everything that belongs to one network.
func (c *Config) NetDir() string { return c.Network().Dir(string(c.AppData)) }

// logFile is the file the log is appended to.
func (c *Config) LogFile() string {
	return filepath.Join(c.LogDir.or(c.AppData, "logs"), c.Network().String(), "spvd.log")
}
