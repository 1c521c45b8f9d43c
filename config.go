package spvd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/source"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// Names in the directory of a network.
const (
	ChainFile = "chain.db"   // headers and filters
	PeersFile = "peers.json" // addresses, anchors and bans
	WalletDir = "wallets"    // holds NAME.db for each wallet
	VotesFile = "votes.dat"  // verified votes
	LockFile  = "spvd.lock"  // names the process that uses the directory
)

// Network is a Decred network.
type Network uint8

// The networks. The zero value is the main network.
const (
	Mainnet Network = iota
	Testnet         // the third test network
	Simnet          // a network for tests, mined at will
)

// String returns the name of the network's directory.
func (n Network) String() string {
	switch n {
	case Mainnet:
		return "mainnet"
	case Testnet:
		return "testnet3"
	case Simnet:
		return "simnet"
	}
	return fmt.Sprintf("network %d", uint8(n))
}

// ParseNetwork returns the network of a name: mainnet, testnet (or testnet3) or simnet.
func ParseNetwork(name string) (Network, error) {
	switch name {
	case "mainnet":
		return Mainnet, nil
	case "testnet", "testnet3":
		return Testnet, nil
	case "simnet":
		return Simnet, nil
	}
	return 0, fmt.Errorf("there is no network %q, use mainnet, testnet or simnet", name)
}

// Params returns the parameters of the network, nil if there is no such network. They are a
// copy: a change concerns nothing else.
func (n Network) Params() *consensus.Params {
	switch n {
	case Mainnet:
		return consensus.MainNet()
	case Testnet:
		return consensus.TestNet3()
	case Simnet:
		return consensus.SimNet()
	}
	return nil
}

// Dir returns the directory of the network below a data directory.
func (n Network) Dir(data string) string { return filepath.Join(data, n.String()) }

// Account is an account to watch, see Config.
type Account struct {
	Name string
	Xpub string // the extended public key; its holder sees all payments
}

// Config is what a client is opened with. Dir is required; the zero value of every other
// field means the default it names.
type Config struct {
	// Dir is the data directory. It is created, readable by its user only, if it does not
	// exist. See the files in the package documentation.
	Dir string

	// Network is the network to join; the main network.
	Network Network

	// Lock is a lock on the directory of the network that the caller has taken with
	// TakeLock. Open takes it over: Close releases it, and so does Open when it fails.
	// With nil, Open takes the lock itself.
	Lock *Lock

	// Connect lists the only peers to connect to, and AddPeer peers to stay connected
	// with besides those that are found: HOST or HOST:PORT, the network's port by
	// default. Without either, peers are found through the seeders of the network; the
	// simulation network has none.
	Connect []string
	AddPeer []string

	// Proxy is the IP:PORT of a SOCKS5 proxy that every connection is made through, each
	// with credentials of its own so that Tor isolates it. Names are looked up by the
	// proxy only. Empty: connections are made directly.
	Proxy string

	// Bootstrap are snapshots that are imported before anything is fetched from peers: each is
	// a directory, or the address of one at a web server that begins with http:// or
	// https://, see docs/snapshot.md. What they hold is proven like what peers send, and a
	// source that is wrong is left.
	Bootstrap []string

	// Dial makes every connection and looks up every name in the place of a net.Dialer.
	// It excludes Proxy.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Now is the clock that block times are compared with, and the time of what is kept;
	// time.Now.
	Now func() time.Time

	// UserAgent is how the client introduces itself to peers, like "/name:1.2.3/", at
	// most 256 printable ASCII characters; that of spvd.
	UserAgent string

	// BlocksOnly leaves the transactions that peers announce alone: what is not mined is
	// then known only if it was published here.
	BlocksOnly bool

	// LowBandwidth saves bytes, for phones and metered lines: three peers are connected instead
	// of eight, they are asked for addresses only while few are known, and unmined transactions
	// are left alone as with BlocksOnly. Without KeepFilters, filters are fetched only from a day
	// before the earliest birthday of what wallets watch, whatever Birthday is. It excludes Listen.
	LowBandwidth bool

	// Known are blocks that the chain has to hold, and the least work it has, see
	// consensus.ParseKnown. They take the place of what is built in, which nil means.
	Known *consensus.Known

	// DeepReorg is the least depth of a reorganisation, in blocks, that the status warns
	// of; 6.
	DeepReorg int

	// Accounts are imported into the wallet "default" when the client is opened, unless
	// that has their keys already, under whatever names. The wallet is created for the first
	// one.
	Accounts []Account

	// Birthday is the first block to search for what is imported without a birthday of
	// its own, and for Accounts that the wallet has with a later one. Nil: new wallets are
	// searched from the genesis block on, and imports from the birthday of their wallet on.
	Birthday *wallet.Birthday

	// KeepFilters fetches and keeps the filters of all blocks. Without it, and with Birthday,
	// those of blocks more than a day before the earliest birthday of a wallet, or Birthday
	// itself, are not fetched, as far as they are not there: with a new one a first sync
	// fetches little but headers. An import that is older has the missing ones fetched.
	// SnapshotDir needs all filters, and implies KeepFilters.
	KeepFilters bool

	// Prune also deletes filters that nothing needs any longer: every wallet was searched for in
	// them, SnapshotDir has them, no light client is being sent them, and 2,016 newer ones are
	// there. An import or a rescan that needs them has them fetched again. It excludes
	// KeepFilters.
	Prune bool

	// SearchNewAddresses makes each address that is handed out behind the gap limit of its
	// account be searched for in old blocks, from the birthday of the account on. That is
	// for an extended key that other wallets hand out addresses of, too. Without it such an
	// address is new: blocks after the wallet's tip count.
	SearchNewAddresses bool

	// VerifyVotes is the least that a transaction adds to a wallet, in atoms, for the votes
	// behind it to be verified without being asked for. Zero: none are, but those that
	// Client.Votes is asked for.
	VerifyVotes dcrutil.Amount

	// SnapshotDir is a directory to write the snapshot of the chain into as it grows, see
	// docs/snapshot.md. It is created if it does not exist. Empty: none is written.
	SnapshotDir string

	// Listen are addresses at which other light clients are served: IP or IP:PORT, the
	// network's port by default. They are not announced. Empty: none are served.
	Listen []string

	// Log takes what happens, without keys; nil drops it. PeerLog, WalletLog, VotesLog and
	// ServeLog take what happens to connections, in wallets, to the verification of votes
	// and to light clients that are served in its place.
	Log       *slog.Logger
	PeerLog   *slog.Logger
	WalletLog *slog.Logger
	VotesLog  *slog.Logger
	ServeLog  *slog.Logger
}

// ConfigError says which field of a Config is wrong, and why.
type ConfigError struct {
	Field string
	Err   error
}

// Error names the field and the reason.
func (e *ConfigError) Error() string { return "spvd config: " + e.Field + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ConfigError) Unwrap() error { return e.Err }

// wrong makes a ConfigError.
func wrong(field, format string, args ...any) error {
	return &ConfigError{Field: field, Err: fmt.Errorf(format, args...)}
}

// complete returns a copy with the defaults filled in, or a *ConfigError.
func (c Config) complete() (Config, error) {
	switch {
	case c.Dir == "":
		return c, wrong("Dir", "it is required")
	case c.Network.Params() == nil:
		return c, wrong("Network", "there is no %v", c.Network)
	case c.DeepReorg < 0:
		return c, wrong("DeepReorg", "%d is negative", c.DeepReorg)
	case c.VerifyVotes < 0:
		return c, wrong("VerifyVotes", "%v is negative", c.VerifyVotes)
	case c.Prune && c.KeepFilters:
		return c, wrong("KeepFilters", "it excludes Prune")
	case c.LowBandwidth && len(c.Listen) > 0:
		return c, wrong("Listen", "it excludes LowBandwidth")
	case c.Proxy != "" && c.Dial != nil:
		return c, wrong("Dial", "it excludes Proxy")
	case c.Lock != nil && c.Lock.dir != c.Network.Dir(c.Dir):
		return c, wrong("Lock", "it is on %s", c.Lock.dir)
	}
	xpubs, names := make(map[string]string), make(map[string]string)
	for _, a := range c.Accounts {
		if other, named := xpubs[a.Name]; named && other != a.Xpub {
			return c, wrong("Accounts", "two different keys are named %q", a.Name)
		}
		if other, given := names[a.Xpub]; given && other != a.Name {
			return c, wrong("Accounts", "one key is named %q and %q", other, a.Name)
		}
		xpubs[a.Name], names[a.Xpub] = a.Xpub, a.Name
	}
	c.BlocksOnly = c.BlocksOnly || c.LowBandwidth
	if c.UserAgent == "" {
		c.UserAgent = "/spvd:" + version.Number() + "/"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := cmp.Or(c.checkKnown(), c.checkPeers()); err != nil {
		return c, err
	}
	if c.PeerLog == nil {
		c.PeerLog = c.Log
	}
	if c.WalletLog == nil {
		c.WalletLog = c.Log
	}
	if c.VotesLog == nil {
		c.VotesLog = c.Log
	}
	if c.ServeLog == nil {
		c.ServeLog = c.Log
	}
	return c, nil
}

// checkKnown checks what is known of the chain, and the birthday.
func (c *Config) checkKnown() error {
	if b := c.Birthday; b != nil && b.Height < 0 {
		return wrong("Birthday", "height %d is negative", b.Height)
	}
	if c.Known == nil {
		return nil
	}
	if work := c.Known.Work; work != nil && (work.Sign() <= 0 || work.BitLen() > 256) {
		return wrong("Known", "work %v is not a positive number of up to 256 bits", work)
	}
	last := consensus.Height(-1)
	for _, id := range c.Known.Waypoints {
		if id.Height <= last {
			return wrong("Known", "height %d does not come after %d", id.Height, last)
		}
		last = id.Height
	}
	return nil
}

// checkPeers checks the fields that a pool refuses, one at a time.
func (c *Config) checkPeers() error {
	agent := peer.Config{Params: c.Network.Params().ChainParams, UserAgent: c.UserAgent, Onion: c.Proxy != ""}
	connect, add := agent, agent
	connect.Connect, add.AddPeer = c.Connect, c.AddPeer
	for _, check := range []struct {
		field  string
		config peer.Config
	}{{"UserAgent", agent}, {"Connect", connect}, {"AddPeer", add}} {
		if _, err := peer.New(check.config); err != nil {
			return &ConfigError{check.field, err}
		}
	}
	if c.Proxy == "" {
		return nil
	}
	if _, err := peer.NewProxy(c.Proxy); err != nil {
		return &ConfigError{"Proxy", err}
	}
	return nil
}

// pool returns the configuration of the peers. Watching is whether a wallet watches
// something.
func (c *Config) pool(params *consensus.Params, watching bool) (peer.Config, error) {
	settings := peer.Config{
		Params:       params.ChainParams,
		UserAgent:    c.UserAgent,
		Connect:      c.Connect,
		AddPeer:      c.AddPeer,
		File:         filepath.Join(c.Network.Dir(c.Dir), PeersFile),
		RelayTx:      watching && !c.BlocksOnly,
		LowBandwidth: c.LowBandwidth,
		Log:          c.PeerLog,
		Dial:         c.Dial,
		Now:          c.Now,
	}
	if c.Proxy == "" {
		return settings, nil
	}
	proxy, err := peer.NewProxy(c.Proxy)
	if err != nil {
		return settings, &ConfigError{"Proxy", err}
	}
	settings.Dial, settings.Onion, settings.DialTimeout = proxy.Dial, true, proxyDialTimeout
	return settings, nil
}

// sources returns the sources of snapshots.
func (c *Config) sources() ([]snapshot.Source, error) {
	reach := source.Config{Dial: c.Dial}
	if c.Proxy != "" {
		proxy, err := peer.NewProxy(c.Proxy)
		if err != nil {
			return nil, &ConfigError{"Proxy", err}
		}
		reach.Dial, reach.Patience = proxy.Dial, source.DefaultPatience+proxyDialTimeout
	}
	var list []snapshot.Source
	for _, text := range c.Bootstrap {
		src, err := source.New(text, reach)
		if err != nil {
			return nil, &ConfigError{"Bootstrap", err}
		}
		list = append(list, src)
	}
	return list, nil
}

// refusal makes a *ConfigError of what the wallet refuses. Other errors stay.
func refusal(field string, err error) error {
	for _, reason := range wallet.Refusals() {
		if errors.Is(err, reason) {
			return &ConfigError{field, err}
		}
	}
	return err
}
