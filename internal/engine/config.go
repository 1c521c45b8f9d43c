package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/regular"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// Config is the configuration of an engine as JSON. Dir is required; every other member may be
// left out. The names and meanings are those of the settings of the daemon.
type Config struct {
	// Dir is the data directory, see spvd.Config.
	Dir string `json:"dir"`

	// Network is mainnet, testnet or simnet; empty means mainnet.
	Network string `json:"network"`

	Connect      []string `json:"connect"`
	AddPeer      []string `json:"addpeer"`
	Proxy        string   `json:"proxy"`
	UserAgent    string   `json:"useragent"`
	BlocksOnly   bool     `json:"blocksonly"`
	DeepReorg    int      `json:"deepreorg"`
	LowBandwidth bool     `json:"lowbandwidth"`
	KeepFilters  bool     `json:"keepfilters"`
	Prune        bool     `json:"prune"`
	Bootstrap    []string `json:"bootstrap"`
	SnapshotDir  string   `json:"snapshotdir"`
	Listen       []string `json:"listen"`

	// Waypoints is a file of known blocks, see consensus.ParseKnown.
	Waypoints string `json:"waypoints"`

	// Accounts are imported into the default wallet, unless it has them.
	Accounts []Account `json:"accounts"`

	// Birthday is a height, a date like 2024-01-31, or new, see wallet.ParseBirthday.
	Birthday string `json:"birthday"`

	SearchNewAddresses bool       `json:"searchnewaddresses"`
	VerifyVotes        api.Amount `json:"verifyvotes"` // in coins

	// LogFile is a file that the log is appended to; without it nothing is logged.
	// DebugLevel is what is logged, as in the daemon; empty means info.
	LogFile    string `json:"logfile"`
	DebugLevel string `json:"debuglevel"`
}

// Account is an account to watch.
type Account struct {
	Name string `json:"name"`
	Xpub string `json:"xpub"` // the extended public key
}

// parseConfig reads a configuration. The error is a *spvd.ConfigError.
func parseConfig(text string) (Config, error) {
	var c Config
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	err := d.Decode(&c)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value is given")
		}
	}
	if err != nil {
		return c, wrong("JSON", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return c, nil
}

// wrong makes an error of the configuration.
func wrong(field, format string, args ...any) error {
	return &spvd.ConfigError{Field: field, Err: fmt.Errorf(format, args...)}
}

// networkOf returns the network of a name, the main network of an empty one.
func networkOf(name string) (spvd.Network, error) {
	if name == "" {
		return spvd.Mainnet, nil
	}
	network, err := spvd.ParseNetwork(name)
	if err != nil {
		return 0, &spvd.ConfigError{Field: "network", Err: err}
	}
	return network, nil
}

// client returns the settings of the client, without its logs.
func (c *Config) client(now time.Time) (settings spvd.Config, err error) {
	settings = spvd.Config{
		Dir: c.Dir, Connect: c.Connect, AddPeer: c.AddPeer, Proxy: c.Proxy, UserAgent: c.UserAgent,
		BlocksOnly: c.BlocksOnly, DeepReorg: c.DeepReorg, Bootstrap: c.Bootstrap, SnapshotDir: c.SnapshotDir,
		Listen: c.Listen, LowBandwidth: c.LowBandwidth, KeepFilters: c.KeepFilters, Prune: c.Prune,
		SearchNewAddresses: c.SearchNewAddresses, VerifyVotes: dcrutil.Amount(c.VerifyVotes),
	}
	if settings.Network, err = networkOf(c.Network); err != nil {
		return settings, err
	}
	for _, a := range c.Accounts {
		settings.Accounts = append(settings.Accounts, spvd.Account{Name: a.Name, Xpub: a.Xpub})
	}
	if c.Birthday != "" {
		born, err := wallet.ParseBirthday(c.Birthday, now)
		if err != nil {
			return settings, &spvd.ConfigError{Field: "birthday", Err: err}
		}
		settings.Birthday = &born
	}
	settings.Known, err = c.known()
	return settings, err
}

// known returns the content of the file of known blocks, nil without one.
func (c *Config) known() (*consensus.Known, error) {
	if c.Waypoints == "" {
		return nil, nil
	}
	text, err := regular.Read(c.Waypoints)
	if err != nil {
		return nil, &spvd.ConfigError{Field: "waypoints", Err: err}
	}
	known, err := consensus.ParseKnown(c.Waypoints, text)
	if err != nil {
		return nil, &spvd.ConfigError{Field: "waypoints", Err: err}
	}
	return &known, nil
}
